"""The way to one endpoint during one visit: asks Offers and finishes handshakes on it.

Each wait is bounded by the visit's absolute deadline. Past it nothing is dialled any more and
every question gets the Answer "deadline", so that whoever asks ends with what is known by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final, TypeVar

from model.ports import Clock
from probe.connect.dial import Listener, Traffic, dial
from probe.connect.openssl import OpenSslHandshake
from probe.connect.politeness import Politeness
from probe.settings import ProbeSettings
from probe.tls.answer import Answer, AnswerReader, Ending, NoConnection, NoHello, Obstacle
from probe.tls.dialogue import Dialogue
from probe.tls.exchange import Exchange
from probe.tls.handshake import Handshake, HandshakeEnd, HandshakeOffer
from probe.tls.offer import Offer

_SHORTEST_PATIENCE_SECONDS: Final = 1.0
_PATIENCE_FACTOR: Final = 20
"""Once a server has shown how long its answers take, silence is so many times as long."""

Result = TypeVar("Result")


class _Question:
    """The shortest Dialogue: one hello, one Answer."""

    def __init__(self, offered: bytes) -> None:
        self._offered = offered
        reader = AnswerReader()
        self.feed: Callable[[bytes], Answer | None] = reader.feed
        self.end: Callable[[Ending], Answer] = reader.end

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Says the hello."""
        send(self._offered)


class Line:
    """One visit's connections to one address and port.

    ``nonce`` are the 64 bytes for the hellos' random and session id. ``deadline`` is a moment
    of ``clock.monotonic()``.
    """

    def __init__(
        self,
        address: tuple[str, int],
        settings: ProbeSettings,
        politeness: Politeness,
        clock: Clock,
        *,
        nonce: bytes,
    ) -> None:
        self._address, self._port = address
        self._settings = settings
        self._politeness = politeness
        self._gate = politeness.gate(self._address)
        self._clock = clock
        self._deadline = clock.monotonic() + settings.deadline_seconds
        self.nonce = nonce
        self._slowest_seconds: float | None = None
        self.traffic = Traffic()
        self.throttled = False

    @property
    def remaining_seconds(self) -> float:
        """What is left of the visit."""
        return self._deadline - self._clock.monotonic()

    async def ask(self, offer: Offer, *, patient: bool = False) -> Exchange:
        """The Answer to one Offer, on a connection of its own.

        ``patient`` waits for the full time-out even where the server has been quick so far.
        """
        offered = offer.encode(self.nonce)
        patience = self._patience(patient=patient)
        answer = await self._converse(_Question(offered), patience)
        return Exchange(offer=offer, offered=offered, answer=answer)

    async def handshake(self, offer: HandshakeOffer) -> Handshake:
        """A full handshake, on a connection of its own."""
        outcome = await self.converse(OpenSslHandshake(offer))
        if isinstance(outcome, NoConnection):
            return Handshake(offer=offer, end=HandshakeEnd.UNFINISHED, note=outcome.detail)
        return outcome

    async def converse(
        self, dialogue: Dialogue[Result], patience_seconds: float | None = None
    ) -> Result | NoConnection:
        """The dialogue's result, on a connection of its own.

        It ends in silence after ``patience_seconds`` in all, or the time-out of a whole answer.
        """
        longest = self._settings.answer_timeout_seconds
        return await self._converse(dialogue, min(longest, patience_seconds or longest))

    async def pause(self, seconds: float) -> None:
        """Lets the server rest, no longer than the visit lasts."""
        await asyncio.sleep(max(0.0, min(seconds, self.remaining_seconds)))

    def _patience(self, *, patient: bool) -> float:
        longest = self._settings.answer_timeout_seconds
        if patient or self._slowest_seconds is None:
            return longest
        return min(
            longest, max(_SHORTEST_PATIENCE_SECONDS, _PATIENCE_FACTOR * self._slowest_seconds)
        )

    async def _converse(
        self, dialogue: Dialogue[Result], patience_seconds: float
    ) -> Result | NoConnection:
        if self.remaining_seconds <= 0:
            return _PAST_DEADLINE
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(self.remaining_seconds):
                    epoch = await stack.enter_async_context(self._politeness.connection(self._gate))
            except TimeoutError:
                return _PAST_DEADLINE
            result = await self._talk(dialogue, patience_seconds)
            self._judge(result, epoch)
            return result

    async def _talk(
        self, dialogue: Dialogue[Result], patience_seconds: float
    ) -> Result | NoConnection:
        timeout = max(0.0, min(self._settings.connect_timeout_seconds, self.remaining_seconds))
        began = self._clock.monotonic()
        connected = await dial(
            lambda: Listener(self.traffic, dialogue), self._address, self._port, timeout
        )
        if isinstance(connected, NoConnection):
            return connected
        try:
            dialogue.begin(connected.send)
            patience = max(0.0, min(patience_seconds, self.remaining_seconds))
            await asyncio.wait((connected.result,), timeout=patience)
            connected.time_out()
            result = connected.result.result()
        finally:
            await connected.close()
        if not _is_trouble(result):
            took = self._clock.monotonic() - began
            self._slowest_seconds = max(took, self._slowest_seconds or 0.0)
        return result

    def _judge(self, result: object, epoch: int) -> None:
        if not _is_trouble(result):
            self._gate.answered()
            return
        self._gate.trouble(epoch)
        self.throttled = self.throttled or self._slowest_seconds is not None


def _is_trouble(result: object) -> bool:
    match result:
        case NoConnection():
            return True
        case NoHello(ending=ending):
            return ending is not Ending.CLOSED
        case _:
            return False


_PAST_DEADLINE = NoConnection(
    obstacle=Obstacle.DEADLINE, detail="the visit's time was up before this was asked"
)
