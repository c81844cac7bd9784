"""QUIC over UDP: one packet that makes the server list its versions, then one handshake for HTTP/3.

The list needs no library and no keys (RFC 9000, section 6.1). The handshake needs aioquic, an optional
package: without it, HTTP/3 support stays unknown. A packet may be lost, so the first is sent twice; silence
proves nothing.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final, TypeVar, cast

from cryptography.hazmat.primitives.serialization import Encoding

from pki.net_guard.gate import SocketGate
from pki.net_guard.opening import open_udp
from probe.budget import VisitBudget
from probe.connect.dial import UDP_PORT_CLOSED, over_budget
from probe.dialogue.answer import ConnectFailure, Ending, FailureKind
from probe.dialogue.dialogue import Dialogue
from probe.quic.answer import QuicAnswer, QuicEnd
from probe.quic.version_negotiation import question, versions_in
from probe.tls.limits import MAX_ANSWER_LENGTH, MAX_CERTIFICATES

if TYPE_CHECKING:
    from aioquic.tls import SessionTicket

Result = TypeVar("Result")

_HTTP3: Final = "h3"
_KEPT_LENGTH: Final = 512
_REPEAT_SECONDS: Final = 0.3
_MOST_REPEATS: Final = 2
_TICKET_SECONDS: Final = 0.5
"""How long a session ticket is waited for after the handshake: it is one of the next datagrams, if it comes."""
NO_QUIC: Final = ConnectFailure(
    kind=FailureKind.UNREACHABLE, detail="QUIC is asked only on a direct way to the server"
)
_MAX_DATAGRAM_LENGTH: Final = 4096
"""Longer datagrams are dropped: paths carry 1500 bytes, and one datagram is parsed in one step."""

_NO_APPLICATION_PROTOCOL: Final = 0x100 + 120
"""CRYPTO_ERROR with the TLS alert (RFC 9001, section 4.8; RFC 7301, section 3.2)."""


class _QuicPackets(asyncio.DatagramProtocol):
    """Passes packets on as they arrive; ``is_closed`` once an ICMP message says that nothing listens."""

    def __init__(self, budget: VisitBudget) -> None:
        self._budget = budget
        self._transport: asyncio.DatagramTransport | None = None
        self._length = 0
        self.received: asyncio.Queue[bytes | None] = asyncio.Queue(256)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def send(self, packet: bytes) -> None:
        if self._transport is not None:
            self._budget.bytes_sent += len(packet)
            self._transport.sendto(packet)

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._budget.bytes_received += len(data)
        self._length += len(data)
        is_taken = self._budget.exhausted is None and self._length <= MAX_ANSWER_LENGTH
        if is_taken and not self.received.full():
            self.received.put_nowait(data)

    def error_received(self, exc: Exception) -> None:
        if isinstance(exc, ConnectionRefusedError) and not self.received.full():
            self.received.put_nowait(None)


async def ask_quic(
    gate: SocketGate,
    place: tuple[str, int],
    server_name: str | None,
    nonce: bytes,
    patience_seconds: float,
    budget: VisitBudget,
) -> QuicAnswer:
    """The QUIC answer of the UDP port at ``place``; ``patience_seconds`` bounds each of two steps.

    Raises:
        OSError: if no socket can be opened, or the ``gate`` refuses it.
    """
    async with _open_packets(gate, place, budget) as packets:
        listed = await _ask_versions(packets, nonce, patience_seconds)
    if budget.exhausted is not None:
        return replace(listed, note=over_budget(budget.exhausted).detail)
    if listed.end is not QuicEnd.VERSIONS_ONLY:
        return listed
    if find_spec("aioquic") is None:
        return replace(listed, note="HTTP/3 is not probed: install tlsprobe[quic]")
    async with _open_packets(gate, place, budget) as packets:
        handshake = _Handshake(packets, place, server_name, listed)
        try:
            async with asyncio.timeout(patience_seconds):
                return await handshake.finish()
        except TimeoutError:
            return replace(listed, note="no HTTP/3 handshake in time")
        except Exception as flaw:  # whatever a server sends must cost this fact alone
            return replace(listed, note=f"aioquic failed: {type(flaw).__name__}")
        finally:
            handshake.say_goodbye()


@asynccontextmanager
async def _open_packets(
    gate: SocketGate, place: tuple[str, int], budget: VisitBudget
) -> AsyncIterator[_QuicPackets]:
    transport, packets = await open_udp(gate, lambda: _QuicPackets(budget), place)
    try:
        yield packets
    finally:
        transport.close()


async def carry_over_quic(
    gate: SocketGate,
    place: tuple[str, int],
    dialogue: Dialogue[Result],
    patience_seconds: float,
    budget: VisitBudget,
) -> Result | ConnectFailure:
    """The result of a Dialogue whose ``feed`` takes one datagram at a time, from a UDP port of its own.

    What was not answered yet is sent again _MOST_REPEATS times, each time after twice the wait (RFC 9002, section
    6.2). More is never sent to an address that does not answer.

    Raises:
        OSError: if no socket can be opened, or the ``gate`` refuses it.
    """
    async with _open_packets(gate, place, budget) as packets:
        budget.connections += 1
        unanswered: list[bytes] = []

        def send(datagram: bytes) -> None:
            unanswered.append(datagram)
            packets.send(datagram)

        repeating = asyncio.create_task(_repeat(packets, unanswered))
        try:
            async with asyncio.timeout(patience_seconds):
                dialogue.begin(send)
                while (packet := await packets.received.get()) is not None:
                    if len(packet) > _MAX_DATAGRAM_LENGTH:
                        continue
                    unanswered.clear()
                    with budget.step():
                        result = dialogue.feed(packet)
                    if result is not None:
                        return result
                    if budget.exhausted is not None:
                        return over_budget(budget.exhausted)
        except TimeoutError:
            return dialogue.end(Ending.SILENCE)
        finally:
            repeating.cancel()
    return ConnectFailure(kind=FailureKind.REFUSED, detail=UDP_PORT_CLOSED)


async def _repeat(packets: _QuicPackets, unanswered: list[bytes]) -> None:
    for count in range(_MOST_REPEATS):
        await asyncio.sleep(_REPEAT_SECONDS * 2**count)
        for datagram in tuple(unanswered):
            packets.send(datagram)


async def _ask_versions(packets: _QuicPackets, nonce: bytes, patience_seconds: float) -> QuicAnswer:
    asked = question(nonce)
    answer = QuicAnswer(end=QuicEnd.SILENCE, note="no answer to QUIC in time", asked=asked)
    repeating = asyncio.get_running_loop().call_later(_REPEAT_SECONDS, packets.send, asked)
    packets.send(asked)
    try:
        async with asyncio.timeout(patience_seconds):
            while (packet := await packets.received.get()) is not None:
                versions = versions_in(packet, nonce)
                if versions is not None:
                    return replace(
                        answer,
                        end=QuicEnd.VERSIONS_ONLY,
                        note="the server lists its QUIC versions",
                        versions=versions,
                        answered=packet[:_KEPT_LENGTH],
                    )
    except TimeoutError:
        return answer
    finally:
        repeating.cancel()
    return replace(answer, end=QuicEnd.CLOSED, note=UDP_PORT_CLOSED)


class _Handshake:
    """Connects aioquic's client, which has no sockets, to our socket."""

    def __init__(
        self,
        packets: _QuicPackets,
        place: tuple[str, int],
        server_name: str | None,
        listed: QuicAnswer,
    ) -> None:
        from aioquic.quic.configuration import QuicConfiguration

        from probe.connect.bounded_quic import BoundedQuicConnection

        self._packets = packets
        self._place = place
        self._listed = listed
        self._clock = asyncio.get_running_loop().time
        # Trust is judged elsewhere, as for every other chain.
        configuration = QuicConfiguration(
            alpn_protocols=[_HTTP3], server_name=server_name, verify_mode=ssl.CERT_NONE
        )
        self._tickets: list[SessionTicket] = []
        self._connection = BoundedQuicConnection(
            configuration, session_ticket_handler=self._tickets.append
        )

    async def finish(self) -> QuicAnswer:
        """The answer, once the handshake is over."""
        self._connection.connect(self._place, now=self._clock())
        while (outcome := self._outcome()) is None:
            await self._step()
        if outcome.certificates:
            with suppress(TimeoutError):
                async with asyncio.timeout(_TICKET_SECONDS):
                    while not self._tickets and self._outcome() is None:
                        await self._step()
        for ticket in self._tickets[:1]:
            size = ticket.max_early_data_size
            return replace(outcome, ticket=ticket.ticket, max_early_data=size)
        return outcome

    async def _step(self) -> None:
        """Sends what is due, then takes one datagram or waits for the next timer."""
        self._flush()
        timer = self._connection.get_timer()
        delay = None if timer is None else max(0.0, timer - self._clock())
        try:
            packet = await asyncio.wait_for(self._packets.received.get(), delay)
        except TimeoutError:
            self._connection.handle_timer(now=self._clock())
            return
        if packet is not None and len(packet) <= _MAX_DATAGRAM_LENGTH:
            self._connection.receive_datagram(packet, self._place, now=self._clock())

    def say_goodbye(self) -> None:
        """Closes the connection: we no longer listen."""
        self._connection.close()
        self._flush()

    def _outcome(self) -> QuicAnswer | None:
        from aioquic.quic.events import ConnectionTerminated, HandshakeCompleted

        if self._connection.is_flooded:
            note = "the server sent more CRYPTO frames than a handshake has"
            return replace(self._listed, end=QuicEnd.VERSIONS_ONLY, note=note)
        while (event := self._connection.next_event()) is not None:
            if isinstance(event, HandshakeCompleted):
                note = f"a handshake for {event.alpn_protocol or 'no protocol'} was completed"
                is_http3 = event.alpn_protocol == _HTTP3
                end = QuicEnd.ANSWERED if is_http3 else QuicEnd.DECLINED
                return replace(self._listed, end=end, note=note, certificates=self._chain())
            if isinstance(event, ConnectionTerminated):
                is_refusal = event.error_code == _NO_APPLICATION_PROTOCOL
                end = QuicEnd.DECLINED if is_refusal else QuicEnd.VERSIONS_ONLY
                note = f"the server ended the handshake for HTTP/3, error {event.error_code:#x}"
                return replace(self._listed, end=end, note=note)
        return None

    def _chain(self) -> tuple[bytes, ...]:
        # aioquic stores what the server sent, and has no public name for it.
        sent = self._connection.tls
        leaf, issuers = sent._peer_certificate, sent._peer_certificate_chain
        certificates = [] if leaf is None else [leaf, *issuers]
        return tuple(one.public_bytes(Encoding.DER) for one in certificates[:MAX_CERTIFICATES])

    def _flush(self) -> None:
        for packet, _ in self._connection.datagrams_to_send(now=self._clock()):
            self._packets.send(packet)
