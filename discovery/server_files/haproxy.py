"""HAProxy's configuration: every ``bind`` with ``ssl`` (configuration manual, chapter 5.1)."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final

from discovery.server_files.source import Declared, split_address
from discovery.source import SourceError
from model.protocol_version import ProtocolVersion

_KEPT: Final = ("crt", "ciphers", "ciphersuites", "ssl-min-ver", "ssl-max-ver", "verify", "ca-file")
_VERSIONS: Final = {
    "SSLv3": ProtocolVersion.SSLV3,
    "TLSv1.0": ProtocolVersion.TLSV1_0,
    "TLSv1.1": ProtocolVersion.TLSV1_1,
    "TLSv1.2": ProtocolVersion.TLSV1_2,
    "TLSv1.3": ProtocolVersion.TLSV1_3,
}
_SECTIONS: Final = frozenset({"global", "defaults", "frontend", "listen", "backend"})


def read_haproxy(path: Path) -> Iterator[Declared]:
    """All sockets with TLS; raises SourceError."""
    section = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            words = shlex.split(line, comments=True)
        except ValueError as error:
            raise SourceError(f"{path}, line {number}: {error}.") from error
        if not words:
            continue
        if words[0] in _SECTIONS:
            section = words[1] if len(words) > 1 else words[0]
        elif words[0] == "bind" and "ssl" in words[2:]:
            yield from _sockets(words, {"section": section}, str(path))


def _sockets(words: Sequence[str], about: Mapping[str, str], path: str) -> Iterator[Declared]:
    pairs = list(pairwise(words[2:]))
    said = {name: text for name, text in pairs if name in _KEPT}
    for place in words[1].split(","):
        found = split_address(place.removeprefix("ipv4@").removeprefix("ipv6@"))
        if found is not None:
            address, port = found
            yield Declared(
                address=address,
                port=port,
                settings={**about, **said},
                certificates=tuple(Path(text) for name, text in pairs if name == "crt"),
                protocols=_protocols(said),
                file=path,
            )


def _protocols(said: Mapping[str, str]) -> frozenset[ProtocolVersion]:
    """The versions between minimum and maximum; empty if the file sets no minimum."""
    least = _VERSIONS.get(said.get("ssl-min-ver", ""))
    greatest = _VERSIONS.get(said.get("ssl-max-ver", ""), ProtocolVersion.TLSV1_3)
    if least is None:
        return frozenset()
    return frozenset(version for version in ProtocolVersion if least <= version <= greatest)
