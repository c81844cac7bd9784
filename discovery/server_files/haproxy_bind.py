"""One ``bind`` line of HAProxy: its options, its certificates and the names that they are for (manual, 5.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from discovery.declared import leaf_names
from discovery.server_files.blocks import plain_names, text_lines
from model.protocol_version import ProtocolVersion

_WITH_VALUE: Final = frozenset(
    [
        "accept-netscaler-cip",
        "alpn",
        "backlog",
        "ca-file",
        "ca-ignore-err",
        "ca-sign-file",
        "ca-sign-pass",
        "ca-verify-file",
        "cc",
        "ciphers",
        "ciphersuites",
        "client-sigalgs",
        "crl-file",
        "crt",
        "crt-ignore-err",
        "crt-list",
        "curves",
        "default-crt",
        "ecdhe",
        "expose-fd",
        "gid",
        "group",
        "guid-prefix",
        "id",
        "idle-ping",
        "interface",
        "label",
        "level",
        "maxconn",
        "mode",
        "mss",
        "name",
        "namespace",
        "nice",
        "npn",
        "ocsp-update",
        "proto",
        "process",
        "quic-cc-algo",
        "quic-socket",
        "severity-output",
        "shards",
        "sigalgs",
        "ssl-max-ver",
        "ssl-min-ver",
        "tcp-ut",
        "thread",
        "tls-ticket-keys",
        "uid",
        "user",
        "verify",
    ]
)
_CERTIFICATES: Final = frozenset({"crt", "default-crt", "crt-list"})
_NOT_CERTIFICATES: Final = frozenset({".issuer", ".ocsp", ".sctl", ".key"})
_KEY_TYPES: Final = (".rsa", ".ecdsa", ".dsa")
_VERSIONS: Final = {
    "SSLv3": ProtocolVersion.SSLV3,
    "TLSv1.0": ProtocolVersion.TLSV1_0,
    "TLSv1.1": ProtocolVersion.TLSV1_1,
    "TLSv1.2": ProtocolVersion.TLSV1_2,
    "TLSv1.3": ProtocolVersion.TLSV1_3,
}
_SHORT: Final = {name.lower().replace(".", ""): version for name, version in _VERSIONS.items()}
_LINE: Final = re.compile(r"(?P<file>\S+)(?:\s+\[(?P<options>[^]]*)\])?(?P<filters>.*)")


class CertificateError(Exception):
    """The certificates of a line cannot be read; the message is a clause."""


@dataclass(slots=True)
class Options:
    """The options of a line: those with a value, and the others; ``certificates`` in their order.

    ``has_unknown`` is whether there may be more, so that the versions are not known.
    """

    values: dict[str, str] = field(default_factory=dict)
    flags: set[str] = field(default_factory=set)
    certificates: list[tuple[str, str]] = field(default_factory=list)
    has_unknown: bool = False

    def take(self, words: Sequence[str]) -> None:
        """Add the options in ``words``; later ones win."""
        rest = iter(words)
        for word in rest:
            if word in _CERTIFICATES:
                self.certificates.append((word, next(rest, "")))
            elif word in _WITH_VALUE:
                self.values[word] = next(rest, "")
            else:
                self.flags.add(word)

    def versions(self) -> frozenset[ProtocolVersion]:
        """The versions; empty if that depends on HAProxy's own minimum.

        ``no-<version>`` is ignored next to ssl-min-ver, ssl-max-ver or force-<version>.
        """
        if self.has_unknown:
            return frozenset()
        least = _VERSIONS.get(self.values.get("ssl-min-ver", ""))
        greatest = _VERSIONS.get(self.values.get("ssl-max-ver", ""))
        for flag in self.flags:
            if flag.startswith("force-"):
                least = greatest = _SHORT.get(flag.removeprefix("force-"))
        if least is None and greatest is None:
            found = {_SHORT[name] for name in _SHORT if f"no-{name}" not in self.flags}
            is_known = min(found, default=ProtocolVersion.SSLV3) >= ProtocolVersion.TLSV1_2
            return frozenset(found) if is_known else frozenset()
        if least is None:
            return frozenset()
        greatest = greatest or ProtocolVersion.TLSV1_3
        return frozenset(one for one in _VERSIONS.values() if least <= one <= greatest)


@dataclass(slots=True)
class Served:
    """Certificate files of one key type each, with the names that they are for and the options of a crt-list line.

    ``names`` are the filters of a crt-list line, else the names in the certificate.
    """

    files: tuple[Path, ...]
    names: tuple[str, ...]
    options: Options = field(default_factory=Options)
    place: str = ""


def served_by(options: Options, base: Path, place: str) -> Iterator[Served]:
    """What each certificate of the line is served for, in order.

    Raises:
        CertificateError: if one cannot be read.
        OSError: if a crt-list cannot be read.
    """
    for kind, text in options.certificates:
        if kind == "crt-list":
            yield from _of_list(base / text, base)
        else:
            yield from (_served(files, (), place) for files in _files(text, base))


def by_name(served: Iterable[Served]) -> Mapping[str, list[Served]]:
    """All that is served for each name that a client can ask for: one for each key type."""
    found: dict[str, list[Served]] = {}
    for one in served:
        for name in plain_names(one.names):
            found.setdefault(name.lower(), []).append(one)
    return found


def _served(files: tuple[Path, ...], filters: Sequence[str], place: str) -> Served:
    wanted = tuple(name for name in filters if not name.startswith("!"))
    names = wanted or tuple(name for file in files for name in leaf_names(file))
    refused = {name.removeprefix("!").lower() for name in filters if name.startswith("!")}
    return Served(
        files=files,
        names=tuple(name for name in dict.fromkeys(names) if name.lower() not in refused),
        place=place,
    )


def _files(text: str, base: Path) -> list[tuple[Path, ...]]:
    """The certificates that ``crt`` names: a file, one file for each key type, or all files of a directory."""
    if text.startswith("@"):
        raise CertificateError(f"crt {text} is in a crt-store, which is not read")
    path = base / text
    if path.is_dir():
        files = sorted(
            one
            for one in path.iterdir()
            if one.is_file()
            and not one.name.startswith(".")
            and one.suffix not in _NOT_CERTIFICATES
        )
        bundles: dict[Path, list[Path]] = {}
        for one in files:
            bundles.setdefault(one.with_suffix("") if one.suffix in _KEY_TYPES else one, []).append(
                one
            )
        return [tuple(bundle) for bundle in bundles.values()]
    if not path.exists():
        parts = [Path(f"{path}{ending}") for ending in _KEY_TYPES]
        if found := tuple(part for part in parts if part.exists()):
            return [found]
    return [(path,)]


def _of_list(path: Path, base: Path) -> Iterator[Served]:
    """The lines of a crt-list: a file, options in brackets, and filters of server names."""
    for number, line in enumerate(text_lines(path), start=1):
        found = _LINE.fullmatch(line.strip())
        if found is None or line.lstrip().startswith("#"):
            continue
        options = Options()
        options.take((found["options"] or "").split())
        for files in _files(found["file"], base):
            one = _served(files, found["filters"].split(), f"{path}, line {number}")
            one.options = options
            yield one
