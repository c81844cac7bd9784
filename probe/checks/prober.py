"""Asks a server questions and confirms surprising answers.

A server under load closes, resets or falls silent, and so does a server that rejects a hello. A control
distinguishes the two: the last hello that this server is known to answer. A close or an ambiguous alert
counts as a refusal only if it comes twice, with an answered control in between. A reset (Windows' http.sys)
needs an answered control after it too; silence never counts as a refusal, and neither does a server's word
that it has too many clients: that question is asked again after each pause.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Coroutine, Iterable
from copy import copy
from dataclasses import replace
from typing import Any, Final, TypeVar

from probe.budget import Metered, current_budget
from probe.dialogue.answer import ConnectFailure, FailureKind
from probe.dialogue.dialogue import Dialogue
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import Handshake, HandshakeOffer
from probe.dialogue.offer import Offer
from probe.dialogue.outcome import is_reset, is_turned_away, outcome_of
from probe.dialogue.question import Question
from probe.quic.answer import QuicAnswer
from probe.tls.limits import MAX_LONG_ANSWER_LENGTH
from probe.transport import ProbeTransport

_RESTS_SECONDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0)
"""The pauses for the server, one after the other, while the control fails as well."""

Found = TypeVar("Found")


async def side_by_side(*questions: Coroutine[Any, Any, Found]) -> list[Found]:
    """The results of independent questions, in their order; a single question needs no task of its own.

    Raises:
        ExceptionGroup: of the questions that failed, once all others have ended.
    """
    if len(questions) == 1:
        ends = [await _settled(questions[0])]
    else:
        budget = current_budget()
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(Metered(budget, _settled(one))) for one in questions]
        ends = [task.result() for task in tasks]
    _raise_all(ends)
    return [end for end in ends if not isinstance(end, Exception)]


async def in_turn(*steps: Coroutine[Any, Any, None]) -> None:
    """Takes one step after the other; a later one may use what an earlier one found, but does not need it.

    Raises:
        ExceptionGroup: of the steps that failed, after the last one.
    """
    ends: list[Exception | None] = []
    left = deque(steps)
    try:
        while left:
            ends.append(await _settled(left.popleft()))
    finally:
        for step in left:
            step.close()
    _raise_all(ends)


async def _settled(question: Awaitable[Found]) -> Found | Exception:
    try:
        return await question
    except Exception as fault:
        return fault


def _raise_all(ends: Iterable[object]) -> None:
    faults = [end for end in ends if isinstance(end, Exception)]
    if faults:
        raise ExceptionGroup("questions failed", faults)


class NotAskedError(Exception):
    """A check tried to send something that the visit's level of intrusiveness does not allow."""


class Prober:
    """One visit's questions. ``exchanges`` holds every answer, in the order it came."""

    def __init__(self, transport: ProbeTransport) -> None:
        self._open_transport: ProbeTransport | None = transport
        self.nonce = transport.nonce
        """The random bytes of this visit (``ProbeTransport``)."""
        self._control: Offer | None = None
        self.exchanges: list[Exchange] = []
        self.spent: str | None = None
        """Once a question got this as its answer: the visit's budget is used up, and which limit was reached."""

    def silenced(self) -> Prober:
        """A prober with the same answers that cannot ask: a question raises NotAskedError."""
        silent = copy(self)
        silent._open_transport = None
        return silent

    @property
    def _transport(self) -> ProbeTransport:
        if self._open_transport is None:
            raise NotAskedError
        return self._open_transport

    @property
    def may_ask_ahead(self) -> bool:
        """Whether a question may be asked on a guess: not if the server counts connections that break off."""
        transport = self._open_transport
        return transport is None or transport.allowance is None

    async def handshake(self, offer: HandshakeOffer, *, is_chained: bool = False) -> Handshake:
        """A full handshake. ``is_chained`` means that its end will lead to another question."""
        return await self._transport.handshake(offer, is_chained=is_chained)

    async def converse(
        self, dialogue: Dialogue[Found], patience_seconds: float | None = None
    ) -> Found | ConnectFailure:
        """The result of a Dialogue, without confirmation; it ends after ``patience_seconds`` of silence."""
        return self._note_budget(await self._transport.converse(dialogue, patience_seconds))

    async def ask_at_length(self, offer: Offer) -> Exchange:
        """The first answer, read further than any other: a chain may be longer than honest ones are."""
        offered = offer.encode(self.nonce)
        question = Question(offered, MAX_LONG_ANSWER_LENGTH)
        answer = self._note_budget(await self._transport.converse(question))
        exchange = Exchange(offer=offer, offered=offered, answer=answer)
        self.exchanges.append(exchange)
        return exchange

    async def converse_in_plaintext(
        self,
        dialogue: Dialogue[Found],
        patience_seconds: float | None = None,
        *,
        port: int | None = None,
    ) -> Found | ConnectFailure:
        """The result of a Dialogue before any bytes that lead to TLS."""
        found = await self._transport.converse_in_plaintext(dialogue, patience_seconds, port=port)
        return self._note_budget(found)

    async def quic(self, server_name: str | None) -> QuicAnswer | None:
        """The QUIC answer of the UDP port with the same number; None if it cannot be asked."""
        return await self._transport.quic(server_name)

    async def converse_over_quic(self, dialogue: Dialogue[Found]) -> Found | ConnectFailure:
        """The result of a Dialogue in datagrams to the UDP port with the same number, without confirmation."""
        return self._note_budget(await self._transport.converse_over_quic(dialogue))

    def keep_as_control(self, offer: Offer) -> None:
        """Stores an Offer that was answered with a hello: it shows later whether the server still answers."""
        self._control = offer

    async def ask_control(self) -> bool:
        """Whether the server answers the control with a hello now; false without a control."""
        return self._control is not None and (await self._send(self._control)).hello is not None

    async def ask_once(self, offer: Offer, *, is_chained: bool = False) -> Exchange:
        """The first answer, without confirmation."""
        return await self._send(offer, is_chained=is_chained)

    async def ask(self, offer: Offer, *, is_chained: bool = False) -> Exchange:
        """The answer, confirmed if overload could have caused it.

        ``is_chained`` means that the answer will lead to another question, in a long series.
        """
        first = await self._send(offer, is_chained=is_chained)
        return await self.make_sure(first, is_chained=is_chained)

    async def make_sure(self, first: Exchange, *, is_chained: bool = False) -> Exchange:
        """``first``, or the answer of the server when it is asked again together with the control."""
        if not first.is_ambiguous or self._control is None:
            return first
        latest = first
        for rest in (0.0, *_RESTS_SECONDS):
            await self._transport.pause(rest)
            control = await self._send(self._control, is_chained=is_chained)
            if control.is_past_deadline:
                return latest
            if control.hello is None:
                continue
            again = await self._send(first.offer, patient=True, is_chained=is_chained)
            if not again.is_ambiguous:
                return again
            is_repeated = outcome_of(again.answer) == outcome_of(latest.answer)
            if is_repeated and not is_turned_away(again.answer):
                return await self._confirmed(again)
            latest = again
        return latest

    async def _confirmed(self, again: Exchange) -> Exchange:
        """A question that had the same outcome twice. A limit may cut off every connection from now on by resets,
        so a control must be answered after them."""
        is_settled = not is_reset(again.answer) or await self.ask_control()
        return replace(again, confirmed=is_settled)

    def _note_budget(self, found: Found) -> Found:
        if isinstance(found, ConnectFailure) and found.kind is FailureKind.BUDGET:
            self.spent = self.spent or found.detail
        return found

    async def _send(
        self, offer: Offer, *, patient: bool = False, is_chained: bool = False
    ) -> Exchange:
        exchange = await self._transport.ask(offer, patient=patient, is_chained=is_chained)
        self._note_budget(exchange.answer)
        self.exchanges.append(exchange)
        return exchange
