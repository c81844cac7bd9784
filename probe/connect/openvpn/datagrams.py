"""OpenVPN's control channel over UDP, as a connection that the rest of a visit uses like one of TCP.

A packet that is not acknowledged is sent again after 0.5 s, and again after 1 s more, as in RFC 6347, section 4.2.4.1;
2 s later, the server counts as silent. So an address that does not answer gets three packets of 14 bytes.
"""

from __future__ import annotations

import asyncio
from typing import Final, TypeVar, cast

from pki.net_guard.opening import open_udp
from probe.budget import VisitBudget
from probe.connect.dial import (
    STRAIGHT_ONLY,
    UDP_PORT_CLOSED,
    Connection,
    no_udp_socket,
    over_budget,
)
from probe.connect.route import Route
from probe.dialogue.answer import ConnectFailure, FailureKind
from probe.dialogue.dialogue import Dialogue
from probe.openvpn.reliability import ReliableDatagrams
from probe.tls.limits import MAX_ANSWER_LENGTH, MAX_DATAGRAMS

Result = TypeVar("Result")

_FIRST_REPEAT_SECONDS: Final = 0.5
_MOST_REPEATS: Final = 2
"""Sent three times, a packet is lost, or the server ignores it: OpenVPN 2.6 sends no alert over UDP, so it neither answers nor
acknowledges a hello that it refuses."""

SECONDS_BETWEEN_SESSIONS: Final = 0.2
"""An OpenVPN 2.6 server ignores all new clients if 100 begin within 10 s (connect-freq-initial). Half of that leaves
room for its users."""


class DatagramConnection(Connection, asyncio.DatagramProtocol):
    """One session over a UDP port of its own."""

    def __init__(self, budget: VisitBudget) -> None:
        super().__init__(budget)
        self._session = ReliableDatagrams()
        self._datagrams: asyncio.DatagramTransport | None = None
        self._repeating: asyncio.TimerHandle | None = None
        self._repeats = 0
        self._received = 0
        self._count = 0
        self._refusal: ConnectFailure | None = None

    async def carry(
        self, dialogue: Dialogue[Result], patience_seconds: float
    ) -> Result | ConnectFailure:
        """As over TCP; if the server's host says that nothing listens on the port, this is the result."""
        result = await super().carry(dialogue, patience_seconds)
        return self._refusal or result

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Counts the connection."""
        super().connection_made(transport)
        self._datagrams = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Counts the bytes and passes on what is next in the stream."""
        self._budget.bytes_received += len(data)
        self._received += len(data)
        self._count += 1
        if self._received > MAX_ANSWER_LENGTH * 2 or self._count > MAX_DATAGRAMS:
            self.eof_received()
            return
        waiting = self._session.unacknowledged
        with self._budget.step():
            arrived = self._session.receive(data)
        for answer in arrived.answers:
            self._put(answer)
        if self._session.unacknowledged != waiting:
            self._repeats = 0
            self._schedule()
        self.has_answered = self._session.has_heard
        if arrived.stream:
            self.pass_on(arrived.stream)

    def error_received(self, exc: Exception) -> None:
        """An ICMP port unreachable message: nothing listens there."""
        if isinstance(exc, ConnectionRefusedError) and not self._session.has_heard:
            self._refusal = ConnectFailure(kind=FailureKind.REFUSED, detail=UDP_PORT_CLOSED)
            self.eof_received()

    def connection_lost(self, error: Exception | None) -> None:
        """The socket is closed."""
        if self._repeating is not None:
            self._repeating.cancel()
        super().connection_lost(error)

    def send(self, outgoing: bytes) -> None:
        """Sends whole packets, and repeats them until they are acknowledged."""
        for datagram in self._session.send(outgoing):
            self._put(datagram)
        if self._repeating is None:
            self._schedule()

    def _schedule(self) -> None:
        if self._repeating is not None:
            self._repeating.cancel()
            self._repeating = None
        if self._session.unacknowledged:
            distance = _FIRST_REPEAT_SECONDS * 2**self._repeats
            self._repeating = self._loop.call_later(distance, self._repeat)

    def _repeat(self) -> None:
        if self._repeats == _MOST_REPEATS:
            self.fall_silent()
            return
        self._repeats += 1
        for datagram in self._session.unacknowledged:
            self._put(datagram)
        self._schedule()

    def _put(self, datagram: bytes) -> None:
        if self._datagrams is not None and not self._datagrams.is_closing():
            self._budget.bytes_sent += len(datagram)
            self._datagrams.sendto(datagram)


class OpenVpnDatagrams:
    """Opens the sessions of one visit, at most one every ``SECONDS_BETWEEN_SESSIONS``."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._next = 0.0

    async def __call__(
        self, budget: VisitBudget, address: str, port: int, timeout_seconds: float, route: Route
    ) -> Connection | ConnectFailure:
        """A session in which the client speaks next, or the reason why there is none."""
        if route.refusal is not None:
            return route.refusal
        if route.proxy or route.proxy_protocol or route.unix_socket:
            return STRAIGHT_ONLY
        await self._wait(timeout_seconds)
        if budget.exhausted is not None:
            return over_budget(budget.exhausted)
        try:
            _, connection = await open_udp(
                route.gate,
                lambda: DatagramConnection(budget),
                (address, port),
                source_address=route.source_address,
            )
        except OSError as error:
            return no_udp_socket(error)
        return connection

    async def _wait(self, most_seconds: float) -> None:
        loop = asyncio.get_running_loop()
        async with self._turn:
            await asyncio.sleep(min(most_seconds, max(0.0, self._next - loop.time())))
            self._next = loop.time() + SECONDS_BETWEEN_SESSIONS
