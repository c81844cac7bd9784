"""The TLS endpoints that the configuration files of a local web server declare.

There is a parser for each server (nginx, HAProxy, Apache, Caddy). All yield the declared sockets with labels, the
server's own settings for relabelling, and with claims: the certificates and versions that it should serve. What a
parser cannot read, it yields as skipped, with file and line.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias

from discovery.bounds import USUAL_MOST_TARGETS
from discovery.declared import declared_claims, read_leaves
from discovery.found import Location, SourceLocation, meta, read_locations
from discovery.server_files.blocks import Declared, Entry, matches, plain_names
from discovery.source import Skipped, SourceError, SourceReading
from model.frozen import frozen
from model.target import is_ip_address
from model.target_labels import PROXY_PROTOCOL

_ALL_IPV4, _ALL_IPV6 = "0.0.0.0", "::"  # noqa: S104 (what files say)
_ANY_ADDRESS: Final = frozenset({"", _ALL_IPV4, _ALL_IPV6})
_LOCALHOST: Final = "localhost"
_LOOPBACK: Final = {_ALL_IPV4: "127.0.0.1", _ALL_IPV6: "::1"}
_PROXY_PROTOCOL_VERSION: Final = "v1"
"""All four servers understand it."""

FileReader: TypeAlias = Callable[[Sequence[Path]], Iterable[Entry]]
"""Parses the configuration in these files; raises SourceError."""


@dataclass(slots=True)
class _Place:
    """The blocks at one host and port, and those of them whose socket has exactly this address."""

    blocks: list[Declared] = field(default_factory=list)
    specific: list[Declared] = field(default_factory=list)
    _owners: dict[str, Declared] = field(default_factory=dict)

    def add(self, block: Declared) -> None:
        self.blocks.append(block)
        if block.address not in _ANY_ADDRESS:
            self.specific.append(block)

    def names_of(self, block: Declared) -> list[str]:
        """The names that a client can ask for to get ``block``; the first block with a name has it."""
        if not self._owners:
            for one in self.specific or self.blocks:
                for name in plain_names(one.names):
                    self._owners.setdefault(name.lower(), one)
        names = dict.fromkeys(plain_names(block.names))
        return [name for name in names if _is_same_block(self._owners[name.lower()], block)]


@frozen
class ServerFiles:
    """A server's configuration files. Sockets that listen on all addresses are probed at ``host``."""

    reader: FileReader
    kind: str
    paths: Sequence[Path]
    host: str

    def locations(self) -> Iterator[Location]:
        """The locations in all files; raises SourceError."""
        entries = self._entries()
        places: dict[tuple[str, int], _Place] = defaultdict(_Place)
        for entry in entries:
            if isinstance(entry, Declared):
                places[_host(entry.address, self.host), entry.port].add(entry)
        for entry in entries:
            if isinstance(entry, Declared):
                where = _host(entry.address, self.host)
                yield from self._of(entry, where, places[where, entry.port])
            else:
                yield entry

    def _of(self, entry: Declared, where: str, place: _Place) -> Iterator[Location]:
        """The locations of one block."""
        if not where:
            family = "IPv6" if entry.address == _ALL_IPV6 else "IPv4"
            problem = f"port {entry.port} is open for {family} only, and host is {self.host}: set host to a name or to an {family} address"
            yield Skipped(place=entry.place, problem=problem)
        elif entry.address not in _ANY_ADDRESS or not place.specific:
            yield from _locations(entry, where, place, self.kind)
        elif not any(_is_same_block(one, entry) for one in place.specific):
            # The kernel gives a connection to the socket with the more specific address.
            problem = f"{_names(entry)} cannot be reached at {where}:{entry.port}, where {place.specific[0].place} listens on this address: set host to another address"
            yield Skipped(place=entry.place, problem=problem)

    def _entries(self) -> list[Entry]:
        try:
            return list(self.reader(self.paths))
        except (OSError, UnicodeDecodeError) as error:
            named = getattr(error, "filename", None) or ", ".join(map(str, self.paths))
            raise SourceError(f"{named} cannot be read: {error}.") from error


async def read_server_files(
    files: ServerFiles, source: str, most: int = USUAL_MOST_TARGETS
) -> SourceReading:
    """The targets in the files.

    Raises:
        SourceError: if a file cannot be read or parsed.
    """
    return await asyncio.to_thread(read_locations, files.locations(), source, most)


def _host(address: str, host: str) -> str:
    """Where a socket is probed; empty if it does not listen on the family of ``host``."""
    if address not in _ANY_ADDRESS:
        return address
    if host == _LOCALHOST:
        return _LOOPBACK.get(address, host)
    is_other = is_ip_address(host) and (":" in host) != (address == _ALL_IPV6)
    return "" if address and is_other else host


def _is_same_block(one: Declared, other: Declared) -> bool:
    return (one.names, one.certificates) == (other.names, other.certificates)


def _names(one: Declared) -> str:
    return f"the block for {' '.join(one.names) or 'no name'}"


def _locations(one: Declared, where: str, place: _Place, kind: str) -> Iterable[Location]:
    """One location for each name of the block; without names, one if clients without a name get the block."""
    leaves, problem = read_leaves(one.certificates)
    if problem is not None:
        yield Skipped(place=one.place, problem=f"{problem}, so no certificate is declared")
    labels = meta(kind, {**one.settings, "file": one.file})
    if one.has_proxy_protocol:
        labels[PROXY_PROTOCOL] = _PROXY_PROTOCOL_VERSION
    claims = declared_claims(leaves, one.protocols, source=kind, resource=one.place)
    names: list[str | None] = [*place.names_of(one)]
    if not names and one.is_default:
        names = [_without_name(where, [other for other in place.blocks if other is not one])]
    if not names:
        yield Skipped(place=one.place, problem=_unnamed(one, where))
    for name in names:
        yield SourceLocation(
            host=where,
            port=one.port,
            server_name=name,
            protocol=one.protocol,
            labels=labels,
            claims=claims,
            place=one.place,
        )


def _without_name(host: str, others: Sequence[Declared]) -> str | None:
    """The server name that reaches the default block at ``host``: none if the host's own is another block's."""
    if is_ip_address(host):
        return None
    is_taken = any(matches(name, host) for other in others for name in other.names)
    return "" if is_taken else None


def _unnamed(one: Declared, host: str) -> str:
    why = "has no name that can be asked for"
    if any(plain_names(one.names)):
        why = "has no client, because earlier blocks have its names"
    return f"{_names(one)} at {host}:{one.port} {why}: list one of its names in a targets file"
