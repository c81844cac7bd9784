"""nginx' configuration with its includes: every ``listen`` with ``ssl`` (parsed by crossplane)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import crossplane

from discovery.server_files.source import Declared, split_address
from discovery.source import SourceError
from model.protocol_version import ProtocolVersion

_CERTIFICATE: Final = "ssl_certificate"
_KEPT: Final = ("ssl_protocols", "ssl_ciphers", _CERTIFICATE, "ssl_verify_client")
_DEFAULT_PORT: Final = 80
"""The port of a ``listen`` without one."""

_PROTOCOLS: Final = {
    "SSLv2": ProtocolVersion.SSLV2,
    "SSLv3": ProtocolVersion.SSLV3,
    "TLSv1": ProtocolVersion.TLSV1_0,
    "TLSv1.1": ProtocolVersion.TLSV1_1,
    "TLSv1.2": ProtocolVersion.TLSV1_2,
    "TLSv1.3": ProtocolVersion.TLSV1_3,
}


def read_nginx(path: Path) -> Iterator[Declared]:
    """All sockets with TLS, in ``http`` and in ``stream``; raises SourceError."""
    read = crossplane.parse(str(path), combine=True)
    if read["status"] != "ok":
        first = read["errors"][0]
        place = f"{first['file']}, line {first.get('line')}" if first.get("line") else first["file"]
        raise SourceError(f"{place}: {first['error']}.")
    for block in read["config"][0]["parsed"]:
        if block["directive"] in {"http", "stream"}:
            yield from _servers(block.get("block", ()), {}, str(path))


def _servers(
    directives: Sequence[Mapping[str, Any]], inherited: Mapping[str, str], path: str
) -> Iterator[Declared]:
    own = {**inherited, **_settings(directives)}
    for one in directives:
        if one["directive"] == "server" and "block" in one:
            yield from _server(one["block"], own, path)


def _server(
    directives: Sequence[Mapping[str, Any]], inherited: Mapping[str, str], path: str
) -> Iterator[Declared]:
    settings = {**inherited, **_settings(directives)}
    names = tuple(
        name for one in directives if one["directive"] == "server_name" for name in one["args"]
    )
    for one in directives:
        arguments = one["args"]
        if one["directive"] == "listen" and arguments and "ssl" in arguments[1:]:
            place = split_address(arguments[0], _DEFAULT_PORT)
            if place is not None and not arguments[0].startswith("unix:"):
                address, port = place
                yield Declared(
                    address=address,
                    port=port,
                    names=names,
                    settings=settings,
                    certificates=_certificates(settings, Path(path).parent),
                    protocols=frozenset(
                        _PROTOCOLS[word]
                        for word in settings.get("ssl_protocols", "").split()
                        if word in _PROTOCOLS
                    ),
                    file=path,
                )


def _settings(directives: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The arguments of each directive; there is one certificate directive for each key type."""
    said: dict[str, str] = {}
    for one in directives:
        name, words = one["directive"], " ".join(one["args"])
        if name == _CERTIFICATE and name in said:
            said[name] += f" {words}"
        elif name in _KEPT:
            said[name] = words
    return said


def _certificates(settings: Mapping[str, str], directory: Path) -> tuple[Path, ...]:
    """Absolute paths; they are relative to the file's directory. Variables and values that are not files are omitted."""
    words = settings.get(_CERTIFICATE, "").split()
    if any("$" in word or word.startswith(("data:", "store:", "engine:")) for word in words):
        return ()
    return tuple(directory / word for word in words)
