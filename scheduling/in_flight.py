"""The scheduler's running jobs, and whether another one may start.

A visit in overtime no longer occupies a place: it mostly waits for a silent server, and the others need not
wait as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from scheduling.jobs import Job, SchedulerSettings, VisitJob

_STEPS: Final = 10
"""Number of checks of a visit before it counts as overtime."""

_LATE_SECONDS: Final = 0.1
"""A check that is this late did not get CPU time."""


class InFlight:
    """Tasks and their jobs, each until it ends.

    ``settings`` returns the current settings; ``on_change`` is called when a place becomes free.
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
    def visits(self) -> int:
        """The number of running visits."""
        return sum(isinstance(job, VisitJob) for job in self._tasks)

    @property
    def has_a_place(self) -> bool:
        """Whether another job may start."""
        return len(self._tasks) - len(self._in_overtime) < self._settings().max_concurrent_probes

    def add(self, job: Job, task: asyncio.Task[None]) -> None:
        """Registers ``task`` for ``job``; it replaces a task for the same job that has just ended."""
        self._tasks[job] = task
        self._in_overtime.discard(job)
        task.add_done_callback(lambda _: self._end(job, task))
        self._watch_for_overtime(job, task)

    async def let_end(self, grace_seconds: float) -> None:
        """Waits until all jobs have ended, but cancels those that run for longer than that."""
        if not (tasks := tuple(self._tasks.values())):
            return
        _, abandoned = await asyncio.wait(tasks, timeout=grace_seconds)
        for task in abandoned:
            task.cancel()

    def _end(self, job: Job, task: asyncio.Task[None]) -> None:
        if self._tasks.get(job) is task:
            del self._tasks[job]
            self._in_overtime.discard(job)
        self._on_change()

    def _watch_for_overtime(self, job: Job, task: asyncio.Task[None], steps_done: int = 0) -> None:
        """Checks in steps: if a step is late, the visits wait for the CPU, and more of them would slow all down."""
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
