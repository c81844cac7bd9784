"""How many visits a worker makes at once, and whether it has room for another job.

A long visit, which mostly waits for a silent server, lends its place to another one, within bounds. This is
the rule of the scheduler that makes visits itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from scheduling.jobs import SchedulerSettings

_RULE: Final = SchedulerSettings()
_LATE_SECONDS: Final = 0.1
"""If the timer itself fires late, the processor is the bottleneck, and more visits would not help."""


@dataclass(slots=True)
class _Held:
    """The place of a visit, until it is lent to another one."""

    timer: asyncio.TimerHandle | None = None
    is_lent: bool = False


class NoPlaceError(Exception):
    """No visit begins any more: the worker is stopping."""


class Limiter:
    """Places for ``limit`` visits until ``close``, and room for a job while no visit waits for a place."""

    def __init__(self, limit: int) -> None:
        self._places = asyncio.Semaphore(limit)
        self._waiting = 0
        self._in_overtime = 0
        self._changed = asyncio.Event()
        self._is_closed = False

    @property
    def is_closed(self) -> bool:
        """Whether no visit begins any more."""
        return self._is_closed

    def close(self) -> None:
        """Refuse a place to those that wait for one, and to all later ones."""
        self._is_closed = True
        for _ in range(self._waiting):
            self._places.release()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """A place for one visit, as soon as one is free. Raises NoPlaceError once this is closed."""
        self._waiting += 1
        try:
            await self._places.acquire()
        finally:
            self._waiting -= 1
            self._changed.set()
        if self._is_closed:
            self._places.release()
            raise NoPlaceError
        held = _Held()
        self._watch(held)
        try:
            yield
        finally:
            self._give_back(held)

    async def room(self) -> None:
        """Return once the visits of another job could begin."""
        while self._waiting or self._places.locked():
            self._changed.clear()
            await self._changed.wait()

    def _watch(self, held: _Held) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + _RULE.overtime_seconds
        held.timer = loop.call_at(due, self._lend, held, due)

    def _lend(self, held: _Held, due: float) -> None:
        is_late = asyncio.get_running_loop().time() - due > _LATE_SECONDS
        if is_late or self._in_overtime == _RULE.most_in_overtime:
            self._watch(held)
            return
        held.is_lent = True
        self._in_overtime += 1
        self._places.release()
        self._changed.set()

    def _give_back(self, held: _Held) -> None:
        if held.timer is not None:
            held.timer.cancel()
        if held.is_lent:
            self._in_overtime -= 1
        else:
            self._places.release()
        self._changed.set()
