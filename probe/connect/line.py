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
from probe.tls.exchange import Exchange
from probe.tls.handshake import Handshake, HandshakeEnd, HandshakeOffer
from probe.tls.offer import Offer

_SHORTEST_PATIENCE_SECONDS: Final = 1.0
_PATIENCE_FACTOR: Final = 20
"""Once a server has shown how long its answers take, silence is so many times as long."""

Result = TypeVar("Result")


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
        self._nonce = nonce
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
        offered = offer.encode(self._nonce)
        reader = AnswerReader()

        def listener() -> Listener[Answer]:
            return Listener(self.traffic, reader.feed, reader.end)

        def begin(connected: Listener[Answer]) -> None:
            connected.send(offered)

        answer = await self._converse(listener, begin, self._patience(patient=patient))
        return Exchange(offer=offer, offered=offered, answer=answer)

    async def handshake(self, offer: HandshakeOffer) -> Handshake:
        """A full handshake, on a connection of its own."""
        handshake = OpenSslHandshake(offer)

        def listener() -> Listener[Handshake]:
            return Listener(self.traffic, handshake.feed, handshake.end)

        outcome = await self._converse(
            listener, handshake.begin, self._settings.answer_timeout_seconds
        )
        if isinstance(outcome, NoConnection):
            return Handshake(offer=offer, end=HandshakeEnd.UNFINISHED, note=outcome.detail)
        return outcome

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
        self,
        listener: Callable[[], Listener[Result]],
        begin: Callable[[Listener[Result]], None],
        patience_seconds: float,
    ) -> Result | NoConnection:
        if self.remaining_seconds <= 0:
            return _PAST_DEADLINE
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(self.remaining_seconds):
                    epoch = await stack.enter_async_context(self._politeness.connection(self._gate))
            except TimeoutError:
                return _PAST_DEADLINE
            result = await self._talk(listener, begin, patience_seconds)
            self._judge(result, epoch)
            return result

    async def _talk(
        self,
        listener: Callable[[], Listener[Result]],
        begin: Callable[[Listener[Result]], None],
        patience_seconds: float,
    ) -> Result | NoConnection:
        timeout = max(0.0, min(self._settings.connect_timeout_seconds, self.remaining_seconds))
        began = self._clock.monotonic()
        connected = await dial(listener, self._address, self._port, timeout)
        if isinstance(connected, NoConnection):
            return connected
        try:
            begin(connected)
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
