"""The session with one datagram server (DTLS over UDP) during one visit.

It asks one question at a time, because many servers (OpenSSL's among them) serve one client and forget the
others. A lost datagram looks the same as a server that does not answer. So hellos are sent again, at growing
intervals, until the visit's patience is over; the result is silence, and silence proves nothing. Only an ICMP
port unreachable message from the server's host is a refusal.
"""

from __future__ import annotations

import asyncio
from typing import Final, Generic, TypeVar, cast

from model.application_protocol import DTLS
from model.ports import Clock
from pki.net_guard.opening import open_udp
from pki.net_guard.politeness import Politeness
from probe.budget import VisitBudget
from probe.connect.dial import STRAIGHT_ONLY, UDP_PORT_CLOSED, no_udp_socket, over_budget
from probe.connect.limits import VisitLimits
from probe.connect.options import TransportOptions
from probe.connect.patience import Deadline, Patience, is_trouble
from probe.connect.pool import PAST_DEADLINE
from probe.connect.starttls.application import application
from probe.dialogue.answer import Answer, ConnectFailure, Ending, FailureKind
from probe.dialogue.before_tls.found_application import FoundApplication
from probe.dialogue.dialogue import Dialogue
from probe.dialogue.dtls_question import DtlsQuestion
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import Handshake, HandshakeEnd, HandshakeOffer
from probe.dialogue.offer import Offer
from probe.quic.answer import QuicAnswer
from probe.tls.limits import MAX_ANSWER_LENGTH, MAX_DATAGRAMS
from probe.transport import ProbeTransport

_FIRST_REPEAT_SECONDS: Final = 0.5
_SHORTEST_PATIENCE_SECONDS: Final = 2.0
"""Time for two repeats, however quick the server has been so far."""

_NO_STREAM: Final = ConnectFailure(
    kind=FailureKind.UNREACHABLE,
    detail="this question needs TCP, and the server speaks DTLS",
)

Result = TypeVar("Result")


class DatagramEnd(asyncio.DatagramProtocol, Generic[Result]):
    """Our end of one UDP socket; ``result`` is what the question on it finds."""

    def __init__(self, budget: VisitBudget) -> None:
        self._budget = budget
        self._transport: asyncio.DatagramTransport | None = None
        self.result: asyncio.Future[Result | ConnectFailure] = (
            asyncio.get_running_loop().create_future()
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the socket."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def put(self, datagram: bytes) -> None:
        """Sends a datagram unless the socket is closed, and counts its bytes."""
        if self._transport is not None and not self._transport.is_closing():
            self._budget.bytes_sent += len(datagram)
            self._transport.sendto(datagram)

    def error_received(self, exc: Exception) -> None:
        """Settles the question: the server's host, or ours, refuses the datagrams."""
        is_closed = isinstance(exc, ConnectionRefusedError)
        detail = UDP_PORT_CLOSED if is_closed else f"no datagram could be sent: {str(exc).lower()}"
        self.settle(ConnectFailure(kind=FailureKind.REFUSED, detail=detail))

    def settle(self, result: Result | ConnectFailure | None) -> None:
        """Ends the question with its first result."""
        if result is not None and not self.result.done():
            self.result.set_result(result)


class _DtlsPackets(DatagramEnd[Answer]):
    """Passes the packets of one socket to a question."""

    def __init__(self, question: DtlsQuestion, budget: VisitBudget) -> None:
        super().__init__(budget)
        self._question = question
        self._received = 0
        self._count = 0

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._budget.bytes_received += len(data)
        self._received += len(data)
        self._count += 1
        if self.result.done():
            return
        if self._budget.exhausted is not None:
            self.settle(over_budget(self._budget.exhausted))
            return
        with self._budget.step():
            answer = self._question.feed(data)
        is_flood = self._received > MAX_ANSWER_LENGTH or self._count > MAX_DATAGRAMS
        if answer is None and is_flood:
            answer = self._question.end(Ending.CLOSED)
        self.settle(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self.settle(self._question.end(Ending.CLOSED))


class DatagramSession(ProbeTransport):
    """The datagrams of one visit, for hellos only: this transport does not finish handshakes."""

    def __init__(
        self,
        options: TransportOptions,
        limits: VisitLimits,
        politeness: Politeness,
        clock: Clock,
    ) -> None:
        self._options = options
        self._politeness = politeness
        self._clock = clock
        self._deadline = Deadline(clock, limits.deadline_seconds)
        self._gate = politeness.gate(options.address[0])
        self._patience = Patience(
            self._gate,
            self._deadline,
            longest_seconds=limits.answer_timeout_seconds,
            shortest_seconds=_SHORTEST_PATIENCE_SECONDS,
        )
        self._turn = asyncio.Lock()
        self.nonce = options.nonce
        self.budget = VisitBudget(limits.budget)

    @property
    def throttled(self) -> bool:
        """Whether the visit was slowed down to protect a server in trouble."""
        return self._patience.throttled

    async def close(self) -> None:
        """Does nothing: no socket is open between questions."""

    async def find_application(self) -> FoundApplication:
        """Always DTLS, which begins with the first datagram."""
        return (self._options.application or application(DTLS)).found(self._options.peer)

    async def ask(
        self, offer: Offer, *, patient: bool = False, is_chained: bool = False
    ) -> Exchange:
        """The Answer to one Offer, from a port of its own."""
        question = DtlsQuestion(offer.encode(self.nonce))
        async with self._turn:
            answer = await self._ask(question, patient=patient)
        return Exchange(offer=offer, offered=question.offered, answer=answer)

    async def handshake(self, offer: HandshakeOffer, *, is_chained: bool = False) -> Handshake:
        """Never finished over datagrams."""
        return Handshake(
            offer=offer,
            end=HandshakeEnd.UNFINISHED,
            note="tlsprobe does not finish DTLS handshakes",
        )

    async def converse(
        self, dialogue: Dialogue[Result], patience_seconds: float | None = None
    ) -> Result | ConnectFailure:
        """Not possible: a Dialogue needs a byte stream."""
        return _NO_STREAM

    async def converse_in_plaintext(
        self,
        dialogue: Dialogue[Result],
        patience_seconds: float | None = None,
        port: int | None = None,
    ) -> Result | ConnectFailure:
        """Not possible in plaintext either."""
        return _NO_STREAM

    async def quic(self, server_name: str | None) -> QuicAnswer | None:
        """DTLS has no corresponding HTTP/3 port."""
        return None

    async def converse_over_quic(self, dialogue: Dialogue[Result]) -> Result | ConnectFailure:
        """DTLS has no corresponding QUIC port."""
        return _NO_STREAM

    async def pause(self, seconds: float) -> None:
        """Lets the server rest, at most until the end of the visit."""
        if self.budget.exhausted is None:
            await self._deadline.sleep(seconds)

    async def _ask(self, question: DtlsQuestion, *, patient: bool) -> Answer:
        if self._deadline.remaining_seconds <= 0:
            return PAST_DEADLINE
        if self.budget.exhausted is not None:
            return over_budget(self.budget.exhausted)
        route = self._options.route
        if route.proxy or route.proxy_protocol or route.unix_socket:
            return STRAIGHT_ONLY
        async with self._politeness.connection(self._gate) as epoch:
            began = self._clock.monotonic()
            answer = await self._exchange(question, self._patience.seconds(patient=patient))
            self._patience.note_result(answer, epoch)
            if not is_trouble(answer):
                self._patience.note_time(self._clock.monotonic() - began)
            return answer

    async def _exchange(self, question: DtlsQuestion, patience_seconds: float) -> Answer:
        try:
            transport, packets = await open_udp(
                self._options.route.gate,
                lambda: _DtlsPackets(question, self.budget),
                self._options.address,
                source_address=self._options.route.source_address,
            )
        except OSError as error:
            return no_udp_socket(error)
        self.budget.connections += 1
        repeating = asyncio.create_task(_repeat(question))
        try:
            question.begin(packets.put)
            async with asyncio.timeout(patience_seconds):
                return await packets.result
        except TimeoutError:
            return question.end(Ending.SILENCE)
        finally:
            repeating.cancel()
            packets.put(question.goodbye())
            transport.close()


async def _repeat(question: DtlsQuestion) -> None:
    """RFC 6347, section 4.2.4.1: the interval doubles each time."""
    distance = _FIRST_REPEAT_SECONDS
    while True:
        await asyncio.sleep(distance)
        question.again()
        distance *= 2
