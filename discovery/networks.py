"""Open ports of networks that answer a TLS hello: a slow connect scan of allowed networks only."""

from __future__ import annotations

import asyncio
import ipaddress
import os
from collections.abc import Iterator
from typing import Final

from asyncio_throttle import Throttler

from discovery.found import SourceLocation, read_locations
from discovery.source import SourceError, SourceReading
from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from pki.net_guard.addresses import Network
from pki.net_guard.gate import SocketGate
from pki.net_guard.opening import open_tcp
from pki.net_guard.shortage import noting_shortages
from probe.dialogue.candidate_suites import FEW_SUITES, suites_in_parts
from probe.dialogue.offer import Shape, offer

MOST_PLACES: Final = 1_048_576
"""Addresses times ports of one source: a /12 with one port, or a /16 with sixteen."""

_HEADER_LENGTH: Final = 3
_HANDSHAKE, _ALERT = 0x16, 0x15


@frozen
class Scan:
    """What to scan, and how fast; times in seconds."""

    networks: tuple[Network, ...]
    ports: tuple[int, ...]
    connections_per_second: int = 50
    connections_at_once: int = 64
    timeout_seconds: float = 3.0

    @property
    def places(self) -> int:
        """The number of address and port pairs to scan."""
        return sum(network.num_addresses for network in self.networks) * len(self.ports)


async def read_networks(scan: Scan, gate: SocketGate, source: str) -> SourceReading:
    """The addresses and ports that speak TLS.

    Raises:
        SourceError: if the networks are larger than the limit, or this machine ran short of file
            descriptors.
    """
    if scan.places > MOST_PLACES:
        raise SourceError(
            f"{source} has {scan.places} addresses and ports: use smaller networks, "
            f"at most {MOST_PLACES} in total."
        )
    throttler = Throttler(rate_limit=scan.connections_per_second, period=1.0)
    waiting = _places(scan, gate)
    found: list[SourceLocation] = []

    async def ask_next() -> None:
        for host, port in waiting:
            await throttler.acquire()
            if await _speaks_tls(gate, host, port, scan.timeout_seconds):
                found.append(SourceLocation(host=host, port=port))

    with noting_shortages() as shortages:
        async with asyncio.TaskGroup() as group:
            for _ in range(scan.connections_at_once):
                group.create_task(ask_next())
    if shortages:
        raise SourceError(
            f"{source} was not scanned completely, because this machine ran short of resources "
            f"({shortages[0].lower()}): raise the limit of open files (ulimit -n), or lower "
            "connections_at_once."
        )
    found.sort(key=lambda place: (ipaddress.ip_address(place.host).packed, place.port))
    return read_locations(found, source)


def _places(scan: Scan, gate: SocketGate) -> Iterator[tuple[str, int]]:
    """One port after another, so that no host is asked for all of its ports at once."""
    for port in scan.ports:
        for network in scan.networks:
            for address in network.hosts():
                host = str(address)
                if gate.refusal(host, port) is None:
                    yield host, port


async def _speaks_tls(gate: SocketGate, host: str, port: int, timeout_seconds: float) -> bool:
    """Whether the answer to a hello starts with a handshake or alert record."""
    try:
        async with asyncio.timeout(timeout_seconds):
            reader = asyncio.StreamReader()
            transport, _ = await open_tcp(
                gate, lambda: asyncio.StreamReaderProtocol(reader), (host, port)
            )
            try:
                transport.write(_hello())
                header = await reader.readexactly(_HEADER_LENGTH)
                return header[0] in {_HANDSHAKE, _ALERT} and header[1] == 3
            finally:
                transport.abort()
    except (OSError, asyncio.IncompleteReadError):
        return False


def _hello() -> bytes:
    """A hello that every TLS server answers, if only with an alert."""
    suites = next(suites_in_parts(ProtocolVersion.TLSV1_2, FEW_SUITES))
    question = offer(ProtocolVersion.TLSV1_2, suites, Shape(server_name=None))
    return question.encode(os.urandom(64))
