"""One visit's connections to one address and port, each in its place among all others.

Where each question depends on the last answer, dialling only then would cost a second round
trip: such a chain of questions asks for its next connection together with this one. They are
used in the order in which they were dialled, for a server that takes one client at a time
(OpenSSL's s_server) looks at the next one only when the one before is closed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import cast

from model.ports import Clock
from probe.connect.dial import Connection, Traffic, dial
from probe.connect.politeness import AddressGate, Politeness
from probe.settings import ProbeSettings
from probe.tls.answer import NoConnection, Obstacle

_PAST_DEADLINE = NoConnection(
    obstacle=Obstacle.DEADLINE, detail="the visit's time was up before this was asked"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialled:
    """What came of dialling, and the epoch of the address's gate in which that was."""

    connection: Connection | NoConnection
    epoch: int
    place: AsyncExitStack

    @property
    def is_stale(self) -> bool:
        """Whether the server hung up before it was asked anything."""
        return isinstance(self.connection, Connection) and self.connection.has_ended

    async def release(self) -> None:
        """Closes the connection and gives its place to another."""
        try:
            if isinstance(self.connection, Connection):
                await self.connection.close()
        finally:
            await self.place.aclose()


class Connections:
    """The visit's connections; ``deadline`` is a moment of ``clock.monotonic()``."""

    def __init__(
        self,
        address: tuple[str, int],
        settings: ProbeSettings,
        politeness: Politeness,
        clock: Clock,
        deadline: float,
    ) -> None:
        self._address, self._port = address
        self._settings = settings
        self._politeness = politeness
        self._clock = clock
        self._deadline = deadline
        self._ahead: deque[asyncio.Task[Dialled]] = deque()
        self._queueing: set[asyncio.Task[Dialled]] = set()
        self._expiry = asyncio.get_running_loop().call_later(self.remaining_seconds, self._expire)
        self._chains = 0
        self.gate: AddressGate = politeness.gate(self._address)
        self.traffic = Traffic()
        self.may_dial_ahead = True
        """Until the first trouble."""

    @property
    def remaining_seconds(self) -> float:
        """What is left of the visit."""
        return self._deadline - self._clock.monotonic()

    @asynccontextmanager
    async def next(self, *, is_chained: bool) -> AsyncIterator[Dialled | NoConnection]:
        """A connection that nobody uses, or why there is none; it is closed afterwards.

        ``is_chained`` where another question will follow this one's answer.
        """
        self._chains += is_chained
        try:
            dialled = await self._usable(is_chained=is_chained)
            try:
                yield dialled
            finally:
                if isinstance(dialled, Dialled):
                    await dialled.release()
        finally:
            self._chains -= is_chained
            await self._give_up_surplus()

    async def close(self) -> None:
        """Gives up all that was dialled and never used."""
        self._expiry.cancel()
        while self._ahead:
            await self._give_up(self._ahead.popleft())

    async def _usable(self, *, is_chained: bool) -> Dialled | NoConnection:
        while self.remaining_seconds > 0:
            was_ahead = len(self._ahead) > (0 if is_chained else self._chains)
            task = self._ahead.popleft() if was_ahead else self._request()
            while is_chained and self.may_dial_ahead and len(self._ahead) < self._chains:
                self._ahead.append(self._request())
            try:
                dialled = await asyncio.shield(task)
            except asyncio.CancelledError:
                if task.cancelled():
                    break
                self._ahead.appendleft(task)
                raise
            if not (was_ahead and dialled.is_stale):
                return dialled
            await dialled.release()
            self.gate.trouble(dialled.epoch)
            self.may_dial_ahead = False
        return _PAST_DEADLINE

    def _request(self) -> asyncio.Task[Dialled]:
        task = asyncio.create_task(self._dial())
        self._queueing.add(task)
        return task

    async def _dial(self) -> Dialled:
        """One connection, once it has its place; from then on nobody cancels this."""
        async with AsyncExitStack() as stack:
            try:
                epoch = await stack.enter_async_context(self._politeness.connection(self.gate))
            finally:
                self._queueing.discard(cast("asyncio.Task[Dialled]", asyncio.current_task()))
            timeout = min(self._settings.connect_timeout_seconds, self.remaining_seconds)
            connection = await dial(self.traffic, self._address, self._port, max(0.0, timeout))
            return Dialled(connection=connection, epoch=epoch, place=stack.pop_all())

    def _expire(self) -> None:
        """The visit's time is up: nothing more is dialled."""
        for task in self._queueing:
            task.cancel()

    async def _give_up_surplus(self) -> None:
        """No more connections wait than there are chains that may need one.

        One that is dialled already is left for any question to come, unless others wait for
        its place.
        """
        while len(self._ahead) > self._chains:
            if self._ahead[-1] not in self._queueing and not self.gate.is_crowded:
                return
            await self._give_up(self._ahead.pop())

    async def _give_up(self, task: asyncio.Task[Dialled]) -> None:
        """What the server has seen the beginning of is dialled to its end, and counted."""
        if task in self._queueing:
            task.cancel()
        elif not task.cancelled():
            await (await task).release()
