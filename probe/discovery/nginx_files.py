"""nginx' configuration, with all that it includes: every ``listen`` with ``ssl`` (crossplane reads it)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import crossplane

from probe.discovery.server_files import Declared, split_address
from probe.discovery.source import SourceError

_KEPT: Final = ("ssl_protocols", "ssl_ciphers", "ssl_certificate", "ssl_verify_client")
_DEFAULT_PORT: Final = 80
"""What ``listen`` means without one."""


def read_nginx(path: Path) -> Iterator[Declared]:
    """All that is served with TLS, in ``http`` and in ``stream``; raises SourceError."""
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
                    address=address, port=port, names=names, settings=settings, file=path
                )


def _settings(directives: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    return {
        one["directive"]: " ".join(one["args"]) for one in directives if one["directive"] in _KEPT
    }
