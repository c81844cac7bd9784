"""The way to one datagram server (DTLS over UDP) during one visit.

One question at a time: many servers (OpenSSL's among them) serve one client and forget the others.
Nothing tells a lost datagram from a server that does not answer, so hellos are sent again, at longer and
longer distances, until the visit's patience is over; that is silence, and silence proves nothing. Only
the other machine's word that nothing listens there (ICMP port unreachable) is a refusal of its own.
"""

from __future__ import annotations

import asyncio
from typing import Final, TypeVar, cast

from model.ports import Clock
from pki.net_guard.opening import DeniedError, open_udp
from pki.net_guard.politeness import Politeness
from pki.net_guard.shortage import note_shortage
from probe.budget import VisitBudget
from probe.connect.dial import over_budget
from probe.connect.limits import VisitLimits
from probe.connect.pool import PAST_DEADLINE
from probe.connect.route import STRAIGHT, Route
from probe.connect.starttls.application import Application
from probe.connect.starttls.peer import Peer
from probe.crypto.identity import ClientIdentity
from probe.dialogue.answer import Answer, ConnectFailure, Ending, FailureKind
from probe.dialogue.dialogue import Dialogue
from probe.dialogue.dtls_question import DtlsQuestion
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import Handshake, HandshakeEnd, HandshakeOffer
from probe.dialogue.offer import Offer
from probe.quic.answer import QuicAnswer
from probe.tls.limits import MAX_ANSWER_LENGTH, MAX_DATAGRAMS

_FIRST_REPEAT_SECONDS: Final = 0.5
_PATIENCE_FACTOR: Final = 20
_SHORTEST_PATIENCE_SECONDS: Final = 2.0
"""Room for two repeats, however quick the server has been so far."""

_NO_STREAM: Final = ConnectFailure(
    kind=FailureKind.UNREACHABLE,
    detail="this is asked over TCP alone, and the server is DTLS's",
)
_STRAIGHT_ONLY: Final = ConnectFailure(
    kind=FailureKind.UNREACHABLE, detail="datagrams go by no proxy, preamble or Unix socket"
)

Result = TypeVar("Result")


class _Packets(asyncio.DatagramProtocol):
    """One socket's packets on their way to a question."""

    def __init__(self, question: DtlsQuestion, budget: VisitBudget) -> None:
        self._question = question
        self._budget = budget
        self._received = 0
        self._count = 0
        self._transport: asyncio.DatagramTransport | None = None
        self.answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def send(self, packet: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._budget.bytes_sent += len(packet)
            self._transport.sendto(packet)

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._budget.bytes_received += len(data)
        self._received += len(data)
        self._count += 1
        if self.answer.done():
            return
        if self._budget.exhausted is not None:
            self._settle(over_budget(self._budget.exhausted))
            return
        with self._budget.step():
            answer = self._question.feed(data)
        is_flood = self._received > MAX_ANSWER_LENGTH or self._count > MAX_DATAGRAMS
        if answer is None and is_flood:
            answer = self._question.end(Ending.CLOSED)
        self._settle(answer)

    def error_received(self, exc: Exception) -> None:
        detail = f"no datagram could be sent: {str(exc).lower()}"
        if isinstance(exc, ConnectionRefusedError):
            detail = "the machine says that nothing listens on the UDP port"
        self._settle(ConnectFailure(kind=FailureKind.REFUSED, detail=detail))

    def connection_lost(self, exc: Exception | None) -> None:
        self._settle(self._question.end(Ending.CLOSED))

    def _settle(self, answer: Answer | None) -> None:
        if answer is not None and not self.answer.done():
            self.answer.set_result(answer)


class DatagramSession:
    """As ``probe.connect.session.Line``, for hellos alone: a Way that finishes no handshakes."""

    def __init__(
        self,
        address: tuple[str, int],
        limits: VisitLimits,
        politeness: Politeness,
        clock: Clock,
        *,
        nonce: bytes,
    ) -> None:
        self._address = address
        self._limits = limits
        self._politeness = politeness
        self._clock = clock
        self._deadline = clock.monotonic() + limits.deadline_seconds
        self._gate = politeness.gate(address[0])
        self._turn = asyncio.Lock()
        self._route = STRAIGHT
        self._slowest_seconds: float | None = None
        self.nonce = nonce
        self.budget = VisitBudget(limits.budget)
        self.throttled = False
        self.identity: ClientIdentity | None = None
        self.expired_identity: ClientIdentity | None = None

    async def close(self) -> None:
        """There is nothing left open between questions."""

    async def ask(
        self, offer: Offer, *, patient: bool = False, is_chained: bool = False
    ) -> Exchange:
        """The Answer to one Offer, from a port of its own."""
        question = DtlsQuestion(offer.encode(self.nonce))
        async with self._turn:
            answer = await self._asked(question, patient=patient)
        return Exchange(offer=offer, offered=question.offered, answer=answer)

    async def handshake(self, offer: HandshakeOffer) -> Handshake:
        """Never finished here."""
        return Handshake(
            offer=offer, end=HandshakeEnd.UNFINISHED, note="handshakes of DTLS are not finished"
        )

    async def converse(
        self, dialogue: Dialogue[Result], patience_seconds: float | None = None
    ) -> Result | ConnectFailure:
        """A Dialogue needs a stream of bytes."""
        return _NO_STREAM

    async def converse_in_clear(
        self,
        dialogue: Dialogue[Result],
        patience_seconds: float | None = None,
        port: int | None = None,
    ) -> Result | ConnectFailure:
        """So it does in clear."""
        return _NO_STREAM

    async def quic(self, server_name: str | None) -> QuicAnswer | None:
        """DTLS is no web server."""
        return None

    def begin_by(self, application: Application, peer: Peer) -> None:
        """DTLS begins with the first datagram."""

    def go_by(self, route: Route) -> None:
        """Datagrams go straight, or not at all."""
        self._route = route

    async def pause(self, seconds: float) -> None:
        """Lets the server rest, no longer than the visit lasts."""
        if self.budget.exhausted is not None:
            return
        await asyncio.sleep(max(0.0, min(seconds, self._remaining_seconds)))

    @property
    def _remaining_seconds(self) -> float:
        return self._deadline - self._clock.monotonic()

    async def _asked(self, question: DtlsQuestion, *, patient: bool) -> Answer:
        if self._remaining_seconds <= 0:
            return PAST_DEADLINE
        if self.budget.exhausted is not None:
            return over_budget(self.budget.exhausted)
        if self._route.proxy or self._route.preamble or self._route.unix_socket:
            return _STRAIGHT_ONLY
        async with self._politeness.connection(self._gate) as epoch:
            began = self._clock.monotonic()
            answer = await self._exchange(question, self._patience(patient=patient))
            if _is_trouble(answer):
                self._gate.trouble(epoch)
                self.throttled = self.throttled or self._slowest_seconds is not None
            else:
                self._gate.answered()
                took = self._clock.monotonic() - began
                self._slowest_seconds = max(took, self._slowest_seconds or 0.0)
            return answer

    def _patience(self, *, patient: bool) -> float:
        longest = self._limits.answer_timeout_seconds
        if not patient and self._slowest_seconds is not None:
            quick = max(_SHORTEST_PATIENCE_SECONDS, _PATIENCE_FACTOR * self._slowest_seconds)
            longest = min(longest, quick)
        return max(0.0, min(longest, self._remaining_seconds))

    async def _exchange(self, question: DtlsQuestion, patience_seconds: float) -> Answer:
        try:
            transport, packets = await open_udp(
                self._route.gate,
                lambda: _Packets(question, self.budget),
                self._address,
                source_address=self._route.source_address,
            )
        except DeniedError as denied:
            return ConnectFailure(kind=FailureKind.DENIED, detail=str(denied))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            is_short = note_shortage(error)
            kind = FailureKind.EXHAUSTED if is_short else FailureKind.UNREACHABLE
            return ConnectFailure(kind=kind, detail=f"no UDP socket: {reason}")
        self.budget.connections += 1
        repeating = asyncio.create_task(_repeat(question))
        try:
            question.begin(packets.send)
            async with asyncio.timeout(patience_seconds):
                return await packets.answer
        except TimeoutError:
            return question.end(Ending.SILENCE)
        finally:
            repeating.cancel()
            packets.send(question.goodbye())
            transport.close()


async def _repeat(question: DtlsQuestion) -> None:
    """RFC 6347, section 4.2.4.1: twice as long each time."""
    distance = _FIRST_REPEAT_SECONDS
    while True:
        await asyncio.sleep(distance)
        question.again()
        distance *= 2


def _is_trouble(answer: Answer) -> bool:
    if isinstance(answer, ConnectFailure):
        return answer.kind is not FailureKind.BUDGET
    return getattr(answer, "ending", None) is Ending.SILENCE
