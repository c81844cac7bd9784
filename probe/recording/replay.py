"""Runs a recorded visit again: the same checks ask, and the recording answers.

Questions are distinguished by their first bytes, which are the same because of the visit's nonce. The answers
come in their recorded order, each one after the checks have asked everything that it led to. So checks that
run side by side take the same turns.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, TypeVar

from model.dns.service_bindings import ServiceBindings
from probe.budget import BudgetLimits, VisitBudget
from probe.connect.listening import find_application
from probe.connect.options import TransportOptions
from probe.dialogue.answer import AnswerReader, ConnectFailure, Ending, FailureKind
from probe.dialogue.before_tls.found_application import FoundApplication
from probe.dialogue.dialogue import Dialogue
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import Handshake, HandshakeEnd, HandshakeOffer
from probe.dialogue.offer import Offer
from probe.quic.answer import QuicAnswer
from probe.recording.plain import to_plain
from probe.recording.visit import Conversation, RecordedHandshake, RecordedVisit
from probe.transport import LookUp, ProbeTransport

_PATIENCE_SECONDS: Final = 1.0
"""A recorded question that is not asked within this time is skipped: the checks have changed."""

_SETTLING_STEPS: Final = 40
"""How often other tasks run before the next answer comes: more than the longest chain of awaits."""

_NOT_RECORDED: Final = ConnectFailure(
    kind=FailureKind.DEADLINE, detail="the recording has no answer to this question"
)

_NO_LIMITS: Final = BudgetLimits(
    processor_seconds=math.inf, bytes_received=sys.maxsize, connections=sys.maxsize
)
"""The recorded visit stayed within its budget, or the recording says that the budget ended it. A slower
machine must not change what is replayed."""

Key = TypeVar("Key", bytes, str)
Result = TypeVar("Result")


class ReplayClock:
    """The clock of the recorded visit: it does not advance, and it ends where the visit ended."""

    def __init__(self, visit: RecordedVisit) -> None:
        self._visit = visit
        self.is_over = False

    def now(self) -> datetime:
        """When the visit began."""
        return self._visit.started_at

    def monotonic(self) -> float:
        """Seconds since then."""
        return self._visit.cost.duration_seconds if self.is_over else 0.0


@dataclass(slots=True, eq=False)
class _Answer:
    """One recorded answer that waits for its release."""

    of: Conversation | RecordedHandshake
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)


class ReplaySession(ProbeTransport):
    """Answers as the recorded endpoint did, whatever the address is now."""

    def __init__(self, options: TransportOptions, visit: RecordedVisit, clock: ReplayClock) -> None:
        cost = visit.cost
        self._options = options
        self._clock = clock
        self._throttled = cost.throttled
        self._quic = visit.quic
        self._service_bindings = visit.service_bindings
        self._by_words: dict[bytes, deque[_Answer]] = {}
        self._by_offer: dict[str, deque[_Answer]] = {}
        for conversation in visit.conversations:
            words = conversation.said[0] if conversation.said else b""
            self._by_words.setdefault(words, deque()).append(_Answer(conversation))
        for handshake in visit.handshakes:
            offer = _key(handshake.outcome.offer)
            self._by_offer.setdefault(offer, deque()).append(_Answer(handshake))
        every = [*self._by_words.values(), *self._by_offer.values()]
        self._in_order = sorted(
            (answer for answers in every for answer in answers), key=lambda one: one.of.done
        )
        self._unanswered = _limit_reached(visit)
        self._conductor: asyncio.Task[None] | None = None
        self.nonce = visit.nonce
        self.budget = VisitBudget(
            _NO_LIMITS,
            connections=cost.connections,
            bytes_sent=cost.bytes_sent,
            bytes_received=cost.bytes_received,
        )

    @property
    def throttled(self) -> bool:
        """Whether the recorded visit was slowed down."""
        return self._throttled

    async def find_application(self) -> FoundApplication:
        """The target's protocol, or the one that the recorded greeting shows."""
        peer = self._options.peer
        if self._options.application is not None:
            return self._options.application.found(peer)
        application, greeting = await find_application(self, self._options.address[1])
        return application.found(peer, greeting)

    async def service_bindings(self, look_up: LookUp) -> ServiceBindings | None:
        """The records that were recorded; the DNS is not asked."""
        return self._service_bindings

    async def close(self) -> None:
        """Ends the replay."""
        self._clock.is_over = True
        if self._conductor is not None:
            self._conductor.cancel()

    async def ask(
        self, offer: Offer, *, patient: bool = False, is_chained: bool = False
    ) -> Exchange:
        """The recorded Answer to this Offer, read again."""
        offered = offer.encode(self.nonce)
        reader = AnswerReader()
        recorded = await self._wait_for(self._by_words, offered)
        if not isinstance(recorded, Conversation):
            return Exchange(offer=offer, offered=offered, answer=self._unanswered)
        answer = recorded.no_connection or _feed(recorded, reader.feed, reader.end)
        return Exchange(offer=offer, offered=offered, answer=answer)

    async def converse(
        self, dialogue: Dialogue[Result], patience_seconds: float | None = None
    ) -> Result | ConnectFailure:
        """The Dialogue's result with the recorded peer."""
        said: list[bytes] = []
        dialogue.begin(said.append)
        recorded = await self._wait_for(self._by_words, said[0] if said else b"")
        if not isinstance(recorded, Conversation):
            return self._unanswered
        return recorded.no_connection or _feed(recorded, dialogue.feed, dialogue.end)

    async def converse_in_plaintext(
        self,
        dialogue: Dialogue[Result],
        patience_seconds: float | None = None,
        port: int | None = None,
    ) -> Result | ConnectFailure:
        """The same before any bytes were sent."""
        return await self.converse(dialogue, patience_seconds)

    async def quic(self, server_name: str | None) -> QuicAnswer | None:
        """The outcome that was recorded."""
        return None if self._quic is None else self._quic.outcome

    async def converse_over_quic(self, dialogue: Dialogue[Result]) -> Result | ConnectFailure:
        """The Dialogue's result with the recorded datagrams."""
        return await self.converse(dialogue)

    async def handshake(self, offer: HandshakeOffer, *, is_chained: bool = False) -> Handshake:
        """The outcome that was recorded."""
        recorded = await self._wait_for(self._by_offer, _key(offer))
        if isinstance(recorded, RecordedHandshake):
            return recorded.outcome
        return Handshake(offer=offer, end=HandshakeEnd.UNFINISHED, note=_NOT_RECORDED.detail)

    async def pause(self, seconds: float) -> None:
        """Does nothing: a replay needs no rest."""
        await asyncio.sleep(0)

    async def _wait_for(
        self, answers: dict[Key, deque[_Answer]], key: Key
    ) -> Conversation | RecordedHandshake | None:
        waiting = answers.get(key)
        if not waiting:
            return None
        if self._conductor is None:
            self._conductor = asyncio.create_task(self._conduct())
        answer = waiting.popleft()
        answer.asked.set()
        await answer.released.wait()
        return answer.of

    async def _conduct(self) -> None:
        for answer in self._in_order:
            with suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await answer.asked.wait()
            answer.released.set()
            for _ in range(_SETTLING_STEPS):
                await asyncio.sleep(0)


def _limit_reached(visit: RecordedVisit) -> ConnectFailure:
    """The answer to questions that were not asked because the time or the budget was used up.

    A recording does not distinguish such questions, because nothing was sent. If there were none, the checks
    have changed.
    """
    nothings = (one.no_connection for one in visit.conversations if one.no_connection is not None)
    return next((one for one in nothings if one.is_visit_limit), _NOT_RECORDED)


def _key(offer: HandshakeOffer) -> str:
    """The offer as JSON without our name in HTTP requests, so that recordings of earlier versions replay too."""
    return json.dumps(to_plain(replace(offer, user_agent="")))


def _feed(
    recorded: Conversation,
    feed: Callable[[bytes], Result | None],
    end: Callable[[Ending], Result],
) -> Result:
    for received in recorded.heard:
        result = feed(received)
        if result is not None:
            return result
    return end(recorded.ending or Ending.CLOSED)
