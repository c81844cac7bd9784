"""Limits the CPU time of work that HTTP clients cause: one piece at a time, each followed by a rest."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, Generic, TypeVar

from service.process.limits import rest_after

T = TypeVar("T")

_MOST_WAITING: Final = 64
_MOST_WAITING_PER_CALLER: Final = 4


class BusyError(Exception):
    """Too many requests wait for the same kind of work; the message is one sentence."""


def measured(work: Callable[[], T]) -> tuple[T, float]:
    """What ``work`` returns, and the processor time in seconds that it used, without the time that it waited for one."""
    began = time.thread_time()
    return work(), time.thread_time() - began


class Shared(Generic[T]):
    """The result of ``make``, shared by all callers: made once at a time, and again only after a rest.

    ``rest`` is how many seconds to rest after this many seconds of work.
    """

    def __init__(
        self, make: Callable[[], Awaitable[T]], rest: Callable[[float], float] = rest_after
    ) -> None:
        self._make = make
        self._rest = rest
        self._lock = asyncio.Lock()
        self._made: tuple[T] | None = None
        self._stale_at = 0.0
        self._expired = 0

    async def get(self) -> T:
        """The newest result, at most as old as the rest after it; raises what ``make`` raises."""
        loop = asyncio.get_running_loop()
        async with self._lock:
            began = loop.time()
            if self._made is None or began >= self._stale_at:
                expired = self._expired
                self._made = (await self._make(),)
                ended = loop.time()
                is_current = expired == self._expired
                self._stale_at = ended + self._rest(ended - began) if is_current else 0.0
            return self._made[0]

    def expire(self) -> None:
        """Make the result again for the next caller, without a rest: what it was made from has changed."""
        self._stale_at = 0.0
        self._expired += 1


class Turn:
    """A piece of work that has its turn; ``cpu_seconds`` is what it has used, if the work itself knows."""

    def __init__(self) -> None:
        self.cpu_seconds: float | None = None


class Turns:
    """One piece of work at a time, in the order of the requests; a caller may have a few requests waiting.

    ``rest`` is how many seconds to rest after this many seconds of work, ``per_caller`` how many requests of a
    caller may be admitted at once. Work that does not know what it has used counts for as long as it took; on a busy
    machine, that is several times as much.
    """

    def __init__(
        self,
        rest: Callable[[float], float] = rest_after,
        per_caller: int = _MOST_WAITING_PER_CALLER,
    ) -> None:
        self._rest = rest
        self._per_caller = per_caller
        self._lock = asyncio.Lock()
        self._free_at = 0.0
        self._waiting: Counter[str] = Counter()

    @asynccontextmanager
    async def turn(self, caller: str) -> AsyncIterator[Turn]:
        """Wait for the caller's turn, and hold it during the block; raises BusyError."""
        if self._waiting[caller] >= self._per_caller:
            raise BusyError("too many of your requests are waiting: send one after another")
        if self._waiting.total() >= _MOST_WAITING:
            raise BusyError("too many of these requests are waiting: try again later")
        loop = asyncio.get_running_loop()
        self._waiting[caller] += 1
        try:
            async with self._lock:
                await asyncio.sleep(max(0.0, self._free_at - loop.time()))
                began, turn = loop.time(), Turn()
                try:
                    yield turn
                finally:
                    ended, used = loop.time(), turn.cpu_seconds
                    self._free_at = ended + self._rest(ended - began if used is None else used)
        finally:
            self._waiting[caller] -= 1
            if not self._waiting[caller]:
                del self._waiting[caller]
