"""Apache httpd's configuration with its includes: every virtual host with ``SSLEngine on``."""

from __future__ import annotations

import glob
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from discovery.server_files.source import Declared, split_address
from discovery.source import SourceError
from model.protocol_version import ProtocolVersion

_KEPT: Final = ("sslprotocol", "sslciphersuite", "sslcertificatefile", "sslverifyclient")
_VERSIONS: Final = {
    "tlsv1": ProtocolVersion.TLSV1_0,
    "tlsv1.1": ProtocolVersion.TLSV1_1,
    "tlsv1.2": ProtocolVersion.TLSV1_2,
    "tlsv1.3": ProtocolVersion.TLSV1_3,
}
_MOST_DEPTH: Final = 8
_MOST_FILES: Final = 10_000


@dataclass(slots=True)
class _Host:
    """A virtual host during parsing; the main server has no addresses."""

    places: tuple[str, ...] = ()
    names: list[str] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    certificates: list[Path] = field(default_factory=list)
    is_tls: bool = False


def read_apache(path: Path) -> Iterator[Declared]:
    """All virtual hosts with TLS, and the main server; raises SourceError."""
    main = _Host()
    listened: list[str] = []
    hosts: list[_Host] = []
    current = main
    directives = _Directives(path)
    for name, arguments in directives:
        match name:
            case "<virtualhost":
                current = _Host(places=tuple(arguments), settings=dict(main.settings))
                current.is_tls = main.is_tls
                hosts.append(current)
            case "</virtualhost":
                current = main
            case "listen":
                listened.append(arguments[0] if arguments else "")
            case _:
                _take(current, name, arguments, directives.root)
    if main.is_tls:
        main.places = tuple(listened)
        hosts.append(main)
    for host in hosts:
        host.certificates = host.certificates or main.certificates
        yield from _declared(host, path)


def _take(host: _Host, name: str, arguments: list[str], root: Path) -> None:
    if name in {"servername", "serveralias"}:
        host.names += [one.rpartition("://")[2].partition(":")[0] for one in arguments]
    elif name == "sslengine" and arguments:
        host.is_tls = arguments[0].lower() == "on"
    elif name in _KEPT:
        host.settings[name] = " ".join(arguments)
        if name == "sslcertificatefile" and arguments:
            host.certificates.append(root / arguments[0])


def _declared(host: _Host, path: Path) -> Iterator[Declared]:
    for place in host.places if host.is_tls else ():
        found = split_address(place)
        if found is not None:
            address, port = found
            yield Declared(
                address=address,
                port=port,
                names=tuple(host.names),
                settings=host.settings,
                certificates=tuple(host.certificates),
                protocols=_protocols(host.settings.get("sslprotocol", "")),
                file=str(path),
            )


def _protocols(words: str) -> frozenset[ProtocolVersion]:
    """``SSLProtocol``: each word adds versions, or removes them with a minus; "all" is TLS 1.0 to 1.3 today."""
    found: set[ProtocolVersion] = set()
    for word in words.lower().split():
        name = word.lstrip("+-")
        versions = set(_VERSIONS.values()) if name == "all" else {_VERSIONS.get(name)}
        named = {version for version in versions if version is not None}
        found = found - named if word.startswith("-") else found | named
    return frozenset(found)


class _Directives:
    """The directives of a file and its includes, with names in lower case.

    Conditions (``<IfModule>``) are assumed to be true; paths are relative to ServerRoot.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.root = path.parent
        self._files = 0

    def __iter__(self) -> Iterator[tuple[str, list[str]]]:
        yield from self._of(self._path, 0)

    def _of(self, path: Path, depth: int) -> Iterator[tuple[str, list[str]]]:
        self._files += 1
        if depth > _MOST_DEPTH or self._files > _MOST_FILES:
            raise SourceError(
                f"{path} is included too deeply, or there are too many included files."
            )
        text = path.read_text(encoding="utf-8").replace("\\\n", " ")
        for number, line in enumerate(text.splitlines(), start=1):
            words = self._words(line, path, number)
            if not words:
                continue
            name, arguments = words[0].lower().rstrip(">"), words[1:]
            if name == "serverroot" and arguments:
                self.root = Path(arguments[0])
            elif name in {"include", "includeoptional"} and arguments:
                for included in self._included(arguments[0]):
                    yield from self._of(included, depth + 1)
            else:
                yield name, [one.rstrip(">") for one in arguments]

    def _words(self, line: str, path: Path, number: int) -> list[str]:
        bare = line.strip()
        if not bare or bare.startswith("#"):
            return []
        try:
            return shlex.split(bare)
        except ValueError:
            # Expressions of other modules have their own quoting; none of them is needed here.
            return bare.split()

    def _included(self, pattern: str) -> list[Path]:
        found = sorted(Path(one) for one in glob.glob(str(self.root / pattern)))
        return [
            file
            for one in found
            for file in (sorted(one.rglob("*")) if one.is_dir() else [one])
            if file.is_file()
        ]
