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
        self._chains = 0
        self.gate: AddressGate = politeness.gate(self._address)
        self.traffic = Traffic()
        self.may_dial_ahead = True

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
            self._give_up_surplus()

    async def close(self) -> None:
        """Gives up all that was dialled and never used."""
        ahead, self._ahead = self._ahead, deque()
        for task in ahead:
            task.cancel()
        for task in ahead:
            try:
                dialled = await task
            except asyncio.CancelledError:
                continue
            await dialled.release()

    async def _usable(self, *, is_chained: bool) -> Dialled | NoConnection:
        if self.remaining_seconds <= 0:
            return _PAST_DEADLINE
        while True:
            task = self._request(is_chained=is_chained)
            try:
                async with asyncio.timeout(self.remaining_seconds):
                    dialled = await asyncio.shield(task)
            except TimeoutError:
                self._ahead.appendleft(task)
                return _PAST_DEADLINE
            except asyncio.CancelledError:
                self._ahead.appendleft(task)
                raise
            if not dialled.is_stale:
                return dialled
            await dialled.release()

    def _request(self, *, is_chained: bool) -> asyncio.Task[Dialled]:
        if not is_chained or not self._ahead:
            task = asyncio.create_task(self._dial())
        else:
            task = self._ahead.popleft()
        while is_chained and self.may_dial_ahead and len(self._ahead) < self._chains:
            self._ahead.append(asyncio.create_task(self._dial()))
        return task

    async def _dial(self) -> Dialled:
        async with AsyncExitStack() as stack:
            epoch = await stack.enter_async_context(self._politeness.connection(self.gate))
            timeout = min(self._settings.connect_timeout_seconds, self.remaining_seconds)
            connection = await dial(self.traffic, self._address, self._port, max(0.0, timeout))
            return Dialled(connection=connection, epoch=epoch, place=stack.pop_all())

    def _give_up_surplus(self) -> None:
        """No more connections wait to be dialled than there are chains that may need one."""
        while len(self._ahead) > self._chains and not self._ahead[-1].done():
            self._ahead.pop().cancel()
