"""Defines a hostile mode, and how its server starts on a loopback address."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from model.application_protocol import DEFAULT_PROTOCOL
from model.target import Target
from probe.checks.part import USUAL_PARTS, Part
from tests.probe.programmable.server import Behaviour, Connection, serve

SERVER_NAME: Final = "zoo.test"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The address of a mode's server; ``http`` is the port of its plaintext web server, if any."""

    tls: int
    http: int | None = None


Start: TypeAlias = Callable[[str], AbstractAsyncContextManager[Ports]]
"""Starts a server on this loopback address, while the context lasts."""

SendTo: TypeAlias = Callable[[bytes], None]
Packets: TypeAlias = Callable[[bytes, SendTo], None]
"""A server's reaction to one datagram, given the datagram and a function that sends a reply."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """One way to attack the prober.

    ``attack`` is one sentence for people. ``deadline_seconds`` is the visit's deadline: short if the attack
    takes time, long if it takes CPU, so that only the CPU budget can end the visit early. ``parts`` omits the
    checks that would not meet the attack.
    """

    name: str
    attack: str
    start: Start
    protocol: str = DEFAULT_PROTOCOL
    is_web: bool = False
    deadline_seconds: float = 2.5
    parts: frozenset[Part] = USUAL_PARTS

    def target(self, host: str, ports: Ports) -> Target:
        """The target that leads a visit to this server."""
        labels = {"http": "yes"} if self.is_web else {}
        if ports.http is not None:
            labels["http_port"] = str(ports.http)
        return Target(
            host=host,
            port=ports.tls,
            server_name=SERVER_NAME,
            protocol=self.protocol,
            labels=labels,
        )


LONG_SECONDS: Final = 30.0
"""The deadline for modes that take CPU: six times the budget of five seconds."""


def stream(behaviour: Behaviour, tls: Callable[[], ssl.SSLContext] | None = None) -> Start:
    """A TCP server; with ``tls`` the behaviour runs inside TLS."""

    @asynccontextmanager
    async def start(host: str) -> AsyncIterator[Ports]:
        async with serve(_until_it_closes(behaviour), (host,), tls and tls()) as server:
            yield Ports(tls=server.port)

    return start


def packets(answer: Packets) -> Start:
    """A UDP server."""

    @asynccontextmanager
    async def start(host: str) -> AsyncIterator[Ports]:
        async with _listening_for_packets(answer, host, 0) as port:
            yield Ports(tls=port)

    return start


def with_packets(first: Start, answer: Packets) -> Start:
    """A TCP server, and a UDP server on the same port number."""

    @asynccontextmanager
    async def start(host: str) -> AsyncIterator[Ports]:
        async with first(host) as ports, _listening_for_packets(answer, host, ports.tls):
            yield ports

    return start


def with_plaintext_web(first: Start, web: Behaviour) -> Start:
    """A TCP server, and a web server without TLS on another port."""

    @asynccontextmanager
    async def start(host: str) -> AsyncIterator[Ports]:
        async with first(host) as ports, stream(web)(host) as more:
            yield Ports(tls=ports.tls, http=more.tls)

    return start


async def send_all(connection: Connection, pieces: Iterable[bytes]) -> None:
    """Sends the pieces, however many there are, at the client's pace."""
    for piece in pieces:
        await connection.send(piece)
        await asyncio.sleep(0)


async def drip(connection: Connection, some: bytes, *, seconds: float) -> None:
    """Sends single bytes, with a pause before each."""
    for byte in some:
        await connection.send(bytes([byte]))
        await asyncio.sleep(seconds)


def endless(piece: bytes, *, at_least: int = 16_384) -> Iterator[bytes]:
    """``piece`` without end, in portions of at least ``at_least`` bytes."""
    portion = piece * max(1, -(-at_least // max(1, len(piece))))
    while True:
        yield portion


def _until_it_closes(behaviour: Behaviour) -> Behaviour:
    """Runs the behaviour; a client that hangs up or speaks another protocol ends it without an error."""

    async def behave(connection: Connection) -> None:
        try:
            await behaviour(connection)
        except (EOFError, ConnectionError, ssl.SSLError, asyncio.LimitOverrunError):
            return

    return behave


class _Socket(asyncio.DatagramProtocol):
    def __init__(self, answer: Packets) -> None:
        self._answer = answer
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        transport = self._transport
        if transport is not None and not transport.is_closing():
            self._answer(data, lambda packet: transport.sendto(packet, addr))


@asynccontextmanager
async def _listening_for_packets(answer: Packets, host: str, port: int) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Socket(answer), local_addr=(host, port)
    )
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()
