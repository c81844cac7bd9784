"""Probes that clients start and then follow: a bounded number of jobs, each with a bounded list of steps.

Readers of a job's steps share that list, so that a reader who does not read costs nothing. Jobs are in memory; a
finished one expires.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Final, Protocol

import structlog

from model.frozen import frozen
from model.observation import Observation
from model.ports import Clock
from service.probe_endpoint.module_choices import RefusedError
from service.probe_endpoint.observer import Admitted, RequestedProbe

_LOG: Final = structlog.stdlib.get_logger("tlsprobe")
_MOST_JOBS: Final = 64
_EXPIRES_SECONDS: Final = 3600.0
_MOST_STEPS: Final = 100
_LONGEST_STEP: Final = 300


class Visits(Protocol):
    """What makes the visits: ``service.probe_endpoint.observer.Observer``."""

    def admit(self, requested: RequestedProbe) -> Admitted:
        """The target and the module; raises RefusedError."""
        ...

    async def observe(self, admitted: Admitted, say: Callable[[str], None]) -> list[Observation]:
        """The facts; raises RefusedError."""
        ...


class JobState(StrEnum):
    """How far a job is."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@frozen
class Step:
    """One step of a job, numbered from 1."""

    number: int
    text: str


@dataclass(slots=True, eq=False, kw_only=True)
class ProbeJob:
    """A probe of ``target`` with ``checks`` of ``module``, which the client ``by`` started.

    ``failure`` is a sentence if it failed.
    """

    id: str
    target: str
    module: str
    checks: Sequence[str]
    by: str
    created_at: datetime
    state: JobState = JobState.RUNNING
    ended_at: datetime | None = None
    failure: str | None = None
    observations: Sequence[Observation] = ()
    steps: deque[Step] = field(default_factory=lambda: deque(maxlen=_MOST_STEPS))
    _said: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def say(self, text: str) -> None:
        """Add a step."""
        self._said += 1
        self.steps.append(Step(number=self._said, text=text[:_LONGEST_STEP]))
        self.wake()

    def wake(self) -> None:
        """Wake those who follow."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def follow(self, after: int, patience_seconds: float) -> AsyncGenerator[Step | None]:
        """The steps after the one with the number ``after``, until the job has ended; None after each long pause."""
        while True:
            changed = self._changed
            for step in tuple(self.steps):
                if step.number > after:
                    after = step.number
                    yield step
            if self.state is not JobState.RUNNING:
                return
            if changed is not self._changed:
                continue
            try:
                # Unlike wait_for of Python 3.11, it never swallows a cancellation.
                async with asyncio.timeout(patience_seconds):
                    await changed.wait()
            except TimeoutError:
                yield None


class ProbeJobs:
    """The jobs, which ``visits`` does."""

    def __init__(self, visits: Visits, clock: Clock) -> None:
        self._visits = visits
        self._clock = clock
        self._jobs: dict[str, ProbeJob] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ended: dict[str, float] = {}

    @property
    def every(self) -> Sequence[ProbeJob]:
        """The jobs that have not expired, oldest first."""
        self._forget_expired()
        return tuple(self._jobs.values())

    def start(self, requested: RequestedProbe, by: str) -> ProbeJob:
        """Start a probe; raises RefusedError if the target may not be probed, or too many jobs run."""
        admitted = self._visits.admit(requested)
        self._forget_expired()
        if len(self._jobs) >= _MOST_JOBS:
            if not self._ended:
                raise RefusedError(
                    429, f"{_MOST_JOBS} probes are running: wait until one has ended"
                )
            self.remove(next(iter(self._ended)))
        job = ProbeJob(
            id=secrets.token_hex(16),
            target=admitted.target.key,
            module=admitted.module.name,
            checks=admitted.checks,
            by=by,
            created_at=self._clock.now(),
        )
        self._jobs[job.id] = job
        task = asyncio.create_task(self._run(job, admitted))
        self._tasks[job.id] = task
        task.add_done_callback(partial(self._end, job))
        return job

    def get(self, job_id: str) -> ProbeJob | None:
        """The job; None if it is unknown or has expired."""
        self._forget_expired()
        return self._jobs.get(job_id)

    def remove(self, job_id: str) -> None:
        """Cancel the job if it runs, and forget it."""
        del self._jobs[job_id]
        self._ended.pop(job_id, None)
        if (task := self._tasks.get(job_id)) is not None:
            task.cancel()

    async def close(self) -> None:
        """Cancel all jobs."""
        running = tuple(self._tasks.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _run(self, job: ProbeJob, admitted: Admitted) -> None:
        try:
            job.observations = await self._visits.observe(admitted, job.say)
            job.state = JobState.DONE
        except RefusedError as error:
            job.failure = str(error)

    def _end(self, job: ProbeJob, task: asyncio.Task[None]) -> None:
        del self._tasks[job.id]
        if job.state is not JobState.DONE:
            job.state = JobState.FAILED
            job.failure = job.failure or _cause(job, task)
        job.ended_at = self._clock.now()
        if job.id in self._jobs:
            self._ended[job.id] = self._clock.monotonic()
        job.wake()

    def _forget_expired(self) -> None:
        oldest = self._clock.monotonic() - _EXPIRES_SECONDS
        for job_id in [one for one, at in self._ended.items() if at < oldest]:
            self.remove(job_id)


def _cause(job: ProbeJob, task: asyncio.Task[None]) -> str:
    if task.cancelled():
        return "it was cancelled"
    _LOG.error("a requested probe failed", target=job.target, exc_info=task.exception())
    return "an error of tlsprobe, which the log has"
