"""What the scheduler has running now, and whether there is a place for more.

A visit in overtime holds no place any more: it mostly waits for a silent server, and the others need not
wait with it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Final

from scheduling.jobs import Job, SchedulerSettings, VisitJob

_STEPS: Final = 10
"""A visit is looked at so often before it is in overtime."""

_LATE_SECONDS: Final = 0.1
"""What comes later than this has not had the processor."""


class InFlight:
    """Tasks and their jobs, each until it ends.

    ``settings`` gives those in force; ``on_change`` is called whenever a place becomes free.
    """

    def __init__(
        self, settings: Callable[[], SchedulerSettings], on_change: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._on_change = on_change
        self._tasks: dict[Job, asyncio.Task[None]] = {}
        self._in_overtime: set[Job] = set()

    def __contains__(self, job: Job) -> bool:
        return job in self._tasks

    @property
    def tasks(self) -> Collection[asyncio.Task[None]]:
        """All that runs."""
        return self._tasks.values()

    @property
    def visits(self) -> int:
        """How many visits run."""
        return sum(isinstance(job, VisitJob) for job in self._tasks)

    @property
    def has_a_place(self) -> bool:
        """Whether one more may begin."""
        return len(self._tasks) - len(self._in_overtime) < self._settings().visits_at_once

    def add(self, job: Job, task: asyncio.Task[None]) -> None:
        """``task`` does ``job`` from now on; one that has just ended may have done it before."""
        self._tasks[job] = task
        self._in_overtime.discard(job)
        task.add_done_callback(lambda _: self._end(job, task))
        self._watch_for_overtime(job, task)

    def _end(self, job: Job, task: asyncio.Task[None]) -> None:
        if self._tasks.get(job) is task:
            del self._tasks[job]
            self._in_overtime.discard(job)
        self._on_change()

    def _watch_for_overtime(self, job: Job, task: asyncio.Task[None], steps_done: int = 0) -> None:
        """In steps: where one comes late, visits wait for the processor, and more of them would end none."""
        loop = asyncio.get_running_loop()
        at = loop.time() + self._settings().overtime_seconds / _STEPS

        def step() -> None:
            if task.done():
                return
            is_full = len(self._in_overtime) >= self._settings().most_in_overtime
            if loop.time() - at > _LATE_SECONDS or (is_full and steps_done + 1 >= _STEPS):
                self._watch_for_overtime(job, task)
            elif steps_done + 1 < _STEPS:
                self._watch_for_overtime(job, task, steps_done + 1)
            else:
                self._in_overtime.add(job)
                self._on_change()

        loop.call_at(at, step)
