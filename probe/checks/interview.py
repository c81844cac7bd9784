"""Asks a server questions and makes sure of surprising answers before anybody believes them.

A server under load closes, resets or falls silent, and so does one that dislikes a hello. The
two are told apart by a control: the last hello that this server is known to answer well. Only a
close or a doubtful alert that comes twice, with a good control in between, is a refusal; resets
and silence never are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any, Final, Protocol, TypeVar

from probe.tls.exchange import Exchange
from probe.tls.handshake import Handshake, HandshakeOffer
from probe.tls.offer import Offer

_RESTS_SECONDS: Final = (0.25, 0.5, 1.0, 2.0, 4.0)
"""How long the server may rest, one after the other, while even the control fails."""

Found = TypeVar("Found")


async def side_by_side(*questions: Coroutine[Any, Any, Found]) -> list[Found]:
    """The results of independent questions, in their order; when one fails, none goes on."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(question) for question in questions]
    return [task.result() for task in tasks]


class Ask(Protocol):
    """Sends one Offer and gives the Answer; ``patient`` waits for slow ones."""

    async def __call__(self, offer: Offer, *, patient: bool = False) -> Exchange:
        """One question on a connection of its own."""
        ...


class Interview:
    """One visit's questions. ``exchanges`` holds every answer, in the order it came."""

    def __init__(
        self,
        ask: Ask,
        handshake: Callable[[HandshakeOffer], Awaitable[Handshake]],
        pause: Callable[[float], Awaitable[None]],
    ) -> None:
        self._ask = ask
        self.handshake = handshake
        self._pause = pause
        self._control: Offer | None = None
        self.exchanges: list[Exchange] = []

    def keep_as_control(self, offer: Offer) -> None:
        """This Offer was answered with a hello: it tells later whether the server is well."""
        self._control = offer

    async def ask_once(self, offer: Offer) -> Exchange:
        """The first answer, whatever it is."""
        return await self._heard(offer)

    async def ask(self, offer: Offer) -> Exchange:
        """The answer, made sure of where overload could have caused it."""
        return await self.make_sure(await self._heard(offer))

    async def make_sure(self, first: Exchange) -> Exchange:
        """``first``, or what the server says when it is asked again beside the control."""
        if not first.is_ambiguous or self._control is None:
            return first
        latest = first
        for rest in (0.0, *_RESTS_SECONDS):
            await self._pause(rest)
            control = await self._heard(self._control)
            if control.is_past_deadline:
                return latest
            if control.hello is None:
                continue
            again = await self._heard(first.offer, patient=True)
            if not again.is_ambiguous:
                return again
            if again.summary == latest.summary:
                return replace(again, confirmed=True)
            latest = again
        return latest

    async def _heard(self, offer: Offer, *, patient: bool = False) -> Exchange:
        exchange = await self._ask(offer, patient=patient)
        self.exchanges.append(exchange)
        return exchange
