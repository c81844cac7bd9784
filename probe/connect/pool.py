"""One visit's connections to one address and port, which queue with those of all other visits.

If each question depends on the last answer, dialling only then would cost a second round trip. Such a chain
of questions asks for its next connection together with the current one. Connections are used in the order in
which they were dialled, because a server that serves one client at a time (OpenSSL's s_server) handles the
next one only after the previous one is closed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from model.frozen import frozen
from pki.net_guard.politeness import AddressGate, Politeness
from probe.budget import VisitBudget
from probe.connect.dial import Connection
from probe.connect.limits import VisitLimits
from probe.connect.patience import Deadline
from probe.connect.route import STRAIGHT, Reach, Route, reach
from probe.connect.upgrade import Upgrade
from probe.dialogue.answer import ConnectFailure, FailureKind

PAST_DEADLINE: Final = ConnectFailure(
    kind=FailureKind.DEADLINE, detail="the visit's time was up before this was asked"
)


@frozen
class Dialled:
    """The result of dialling, and the epoch of the address's gate at that time."""

    connection: Connection | ConnectFailure
    epoch: int
    place: AsyncExitStack

    @property
    def is_stale(self) -> bool:
        """Whether the server closed the connection before it was used."""
        return isinstance(self.connection, Connection) and self.connection.has_ended

    async def release(self) -> None:
        """Closes the connection and frees its place."""
        try:
            if isinstance(self.connection, Connection):
                await self.connection.close()
        finally:
            await self.place.aclose()


class _Request:
    """A requested connection; ``dialled`` gets the result."""

    __slots__ = ("dialled", "is_upgraded", "port", "task")

    def __init__(
        self,
        dial: Callable[[_Request], Coroutine[None, None, None]],
        port: int,
        *,
        is_upgraded: bool,
    ) -> None:
        self.port = port
        self.is_upgraded = is_upgraded
        self.dialled: asyncio.Future[Dialled] = asyncio.get_running_loop().create_future()
        self.task = asyncio.create_task(dial(self))

    def hand_to(self, other: _Request) -> None:
        """Gives this connection to the task that waits for ``other``."""
        if self.dialled.done():
            other.dialled.set_result(self.dialled.result())
        else:
            self.dialled, other.dialled = other.dialled, self.dialled
        other.task.cancel()

    def abandon(self) -> None:
        """Cancels the waiter too: a task cancelled before it starts never runs its own cleanup."""
        self.task.cancel()
        self.dialled.cancel()


class Connections:
    """The visit's connections over one ``route``; ``upgrade`` handles the plaintext before TLS on each."""

    def __init__(
        self,
        address: tuple[str, int],
        limits: VisitLimits,
        politeness: Politeness,
        deadline: Deadline,
        *,
        route: Route = STRAIGHT,
        upgrade: Upgrade | None = None,
    ) -> None:
        self._address, self._port = address
        self._limits = limits
        self._politeness = politeness
        self._deadline = deadline
        self._route = route
        self._ahead: deque[_Request] = deque()
        self._queueing: dict[_Request, None] = {}
        remaining = deadline.remaining_seconds
        self._expiry = asyncio.get_running_loop().call_later(remaining, self._expire)
        self._has_expired = False
        self._chains = 0
        self.gate: AddressGate = politeness.gate(self._address)
        self.budget = VisitBudget(limits.budget)
        self.may_dial_ahead = True
        """True until the first trouble."""
        self.upgrade = upgrade or Upgrade()
        self.reach: Reach = reach

    @asynccontextmanager
    async def next(
        self, *, is_chained: bool, is_upgraded: bool = True, port: int | None = None
    ) -> AsyncIterator[Dialled | ConnectFailure]:
        """A connection that nothing else uses, or why there is none; it is closed afterwards.

        ``is_chained`` means that another question will follow this one's answer. If ``is_upgraded`` is false,
        nothing has been sent on the connection, even if the protocol has a plaintext phase before TLS; only
        then may it go to another ``port``.
        """
        self._chains += is_chained
        dialled: Dialled | ConnectFailure | None = None
        try:
            if port is None and (is_upgraded or self.upgrade.is_needless):
                dialled = await self._take_usable(is_chained=is_chained)
            else:
                dialled = await self._take_bare(port or self._port)
            yield dialled
        finally:
            self._chains -= is_chained
            try:
                await self._give_up_surplus()
            finally:
                if isinstance(dialled, Dialled):
                    await dialled.release()

    async def close(self) -> None:
        """Gives up all connections that were dialled and never used."""
        self._expiry.cancel()
        while self._ahead:
            await self._give_up(self._ahead.popleft())

    async def _take_bare(self, port: int) -> Dialled | ConnectFailure:
        request = self._request(port, is_upgraded=False)
        waited_for = request.dialled
        try:
            return await asyncio.shield(waited_for)
        except asyncio.CancelledError:
            if waited_for.cancelled():
                return PAST_DEADLINE
            await self._give_up(request)
            raise

    async def _take_usable(self, *, is_chained: bool) -> Dialled | ConnectFailure:
        while self._deadline.remaining_seconds > 0:
            was_ahead = len(self._ahead) > (0 if is_chained else self._chains)
            request = self._ahead.popleft() if was_ahead else self._request()
            while is_chained and self.may_dial_ahead and len(self._ahead) < self._chains:
                self._ahead.append(self._request())
            waited_for = request.dialled
            try:
                dialled = await asyncio.shield(waited_for)
            except asyncio.CancelledError:
                if waited_for.cancelled():
                    break
                request.dialled = waited_for
                self._ahead.appendleft(request)
                raise
            if not (was_ahead and dialled.is_stale):
                return dialled
            await dialled.release()
            self.gate.trouble(dialled.epoch)
            self.may_dial_ahead = False
        return PAST_DEADLINE

    def _request(self, port: int | None = None, *, is_upgraded: bool = True) -> _Request:
        request = _Request(self._dial, port or self._port, is_upgraded=is_upgraded)
        if self._has_expired:
            request.abandon()
        else:
            self._queueing[request] = None
        return request

    async def _dial(self, request: _Request) -> None:
        """Opens one connection once it has its place; from then on nothing cancels it."""
        async with AsyncExitStack() as stack:
            try:
                epoch = await stack.enter_async_context(self._politeness.connection(self.gate))
            except asyncio.CancelledError:
                request.dialled.cancel()
                raise
            finally:
                self._queueing.pop(request, None)
            try:
                connection = await self._connect(request)
            except asyncio.CancelledError:
                request.dialled.cancel()
                raise
            except Exception as fault:
                request.dialled.set_exception(fault)
                return
            place = stack.pop_all()
            request.dialled.set_result(Dialled(connection=connection, epoch=epoch, place=place))

    async def _connect(self, request: _Request) -> Connection | ConnectFailure:
        def at_most(longest: float) -> float:
            return max(0.0, min(longest, self._deadline.remaining_seconds))

        async def open_one() -> Connection | ConnectFailure:
            timeout = at_most(self._limits.connect_timeout_seconds)
            return await self.reach(self.budget, self._address, request.port, timeout, self._route)

        if not request.is_upgraded or self.upgrade.is_needless:
            return await open_one()
        greeting_timeout = self._limits.greeting_timeout_seconds
        return await self.upgrade.carry_over(open_one, lambda: at_most(greeting_timeout))

    def _expire(self) -> None:
        """Ends dialling: the visit's time is up. Timers may run a little early, so later requests end at once."""
        self._has_expired = True
        while self._queueing:
            request, _ = self._queueing.popitem()
            request.abandon()

    async def _give_up_surplus(self) -> None:
        """Limits the waiting connections to the number of chains that may need one.

        A connection that is already dialled goes to the question of this visit that has waited longest for a
        place. Without such a question it stays available for later ones, unless other visits wait for its
        place.
        """
        while len(self._ahead) > self._chains:
            surplus = self._ahead[-1]
            if surplus in self._queueing:
                await self._give_up(self._ahead.pop())
                continue
            waiting = next(
                (one for one in self._queueing if one not in self._ahead and one.is_upgraded), None
            )
            if waiting is None and not self.gate.is_crowded:
                return
            self._ahead.pop()
            if waiting is None:
                await self._give_up(surplus)
            else:
                del self._queueing[waiting]
                surplus.hand_to(waiting)

    async def _give_up(self, request: _Request) -> None:
        """Cancels a request in the queue. If the server has already seen the beginning of the connection,
        dialling completes, and the connection is counted."""
        if request in self._queueing:
            del self._queueing[request]
            request.abandon()
        elif not request.dialled.cancelled():
            await (await request.dialled).release()
