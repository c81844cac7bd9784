"""Probes that clients start and then follow: a bounded number of jobs, each with a bounded list of steps.

Readers of a job's steps share that list, so that a reader who does not read costs nothing. A finished job is stored in
the database, and stays in memory for an hour.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import Final, Protocol

import structlog

from model.frozen import frozen
from model.observation import Observation
from model.ports import Clock, ProbeArchive
from model.records.probe_record import (
    ProbeRecord,
    ProbeResult,
    ProbeState,
    ProbeStep,
    ResultTooLargeError,
)
from service.probe_endpoint.module_choices import RefusedError
from service.probe_endpoint.observer import Admitted, RequestedProbe
from storage import StoreError

_LOG: Final = structlog.stdlib.get_logger("tlsprobe")
_MOST_JOBS: Final = 64
_EXPIRES_SECONDS: Final = 3600.0
_MOST_STEPS: Final = 100
_LONGEST_STEP: Final = 300
_ID_BYTES: Final = 16
_ID: Final = re.compile(f"[0-9a-f]{{{2 * _ID_BYTES}}}", re.ASCII)


class Visits(Protocol):
    """What makes the visits: ``service.probe_endpoint.observer.Observer``."""

    def admit(self, requested: RequestedProbe) -> Admitted:
        """The target and the module; raises RefusedError."""
        ...

    async def observe(self, admitted: Admitted, say: Callable[[str], None]) -> list[Observation]:
        """The facts; raises RefusedError."""
        ...


@frozen
class FoundProbe:
    """A probe as ``ProbeJobs`` has it; ``not_stored`` says why it is only in memory, None if it is stored or runs."""

    record: ProbeRecord
    observations: Sequence[Observation]
    not_stored: str | None = None


@dataclass(slots=True, eq=False, kw_only=True)
class ProbeJob:
    """A probe of ``target`` with ``checks`` of ``module``, which the client ``by`` started.

    ``failure`` is a sentence if it failed, and ``not_stored`` why the result is only in memory.
    """

    id: str
    target: str
    module: str
    checks: tuple[str, ...]
    by: str
    created_at: datetime
    state: ProbeState = ProbeState.RUNNING
    ended_at: datetime | None = None
    failure: str | None = None
    observations: Sequence[Observation] = ()
    not_stored: str | None = None
    steps: deque[ProbeStep] = field(default_factory=lambda: deque(maxlen=_MOST_STEPS))
    _said: int = 0
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def record(self) -> ProbeRecord:
        """The job as it is now, without its results."""
        return ProbeRecord(
            id=self.id,
            target=self.target,
            module=self.module,
            checks=self.checks,
            by=self.by,
            state=self.state,
            created_at=self.created_at,
            ended_at=self.ended_at,
            failure=self.failure,
            steps=tuple(self.steps),
            addresses=len(self.observations),
        )

    def say(self, text: str) -> None:
        """Add a step."""
        self._said += 1
        self.steps.append(ProbeStep(number=self._said, text=text[:_LONGEST_STEP]))
        self.wake()

    def wake(self) -> None:
        """Wake those who follow."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def follow(self, after: int, patience_seconds: float) -> AsyncGenerator[ProbeStep | None]:
        """The steps after the one with the number ``after``, until the job has ended; None after each long pause."""
        while True:
            changed = self._changed
            for step in tuple(self.steps):
                if step.number > after:
                    after = step.number
                    yield step
            if self.state is not ProbeState.RUNNING:
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
    """The jobs, which ``visits`` does, and those that ``archive`` has stored."""

    def __init__(self, visits: Visits, clock: Clock, archive: ProbeArchive) -> None:
        self._visits = visits
        self._archive = archive
        self._clock = clock
        self._jobs: dict[str, ProbeJob] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._ended: dict[str, float] = {}

    @property
    def in_memory(self) -> Sequence[ProbeJob]:
        """The jobs that run, or ended within the last hour, oldest first."""
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
            self._forget(next(iter(self._ended)))
        job = ProbeJob(
            id=secrets.token_hex(_ID_BYTES),
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
        """The job in memory; None if it is unknown or has expired."""
        self._forget_expired()
        return self._jobs.get(job_id)

    async def every(self) -> Sequence[ProbeRecord]:
        """The jobs in memory and the stored ones, newest first.

        Raises:
            StoreError: if the database cannot be read.
        """
        stored = await self._archive.probes()
        # A job in memory knows its steps too.
        by_id = {one.id: one for one in stored} | {job.id: job.record for job in self.in_memory}
        return sorted(by_id.values(), key=lambda one: (one.created_at, one.id), reverse=True)

    async def find(self, probe_id: str) -> FoundProbe | None:
        """The probe in memory, or the stored one; None if it is unknown.

        Raises:
            StoreError: if it is not in memory, and the database cannot be read.
        """
        if not _ID.fullmatch(probe_id):
            return None
        if (job := self.get(probe_id)) is not None:
            return FoundProbe(
                record=job.record, observations=job.observations, not_stored=job.not_stored
            )
        stored = await self._archive.probe(probe_id)
        if stored is None:
            return None
        return FoundProbe(record=stored.record, observations=stored.observations)

    async def remove(self, probe_id: str) -> None:
        """Cancel the probe if it runs, and delete its result.

        Raises:
            StoreError: if the database cannot be written; then a probe that has ended stays.
        """
        if (task := self._tasks.get(probe_id)) is not None:
            task.cancel()
            await asyncio.wait([task])
        await self._archive.remove_probe(probe_id)
        self._forget(probe_id)

    async def close(self) -> None:
        """Cancel all jobs."""
        running = tuple(self._tasks.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _run(self, job: ProbeJob, admitted: Admitted) -> None:
        failure: str | None = None
        observations: Sequence[Observation] = ()
        try:
            observations = await self._visits.observe(admitted, job.say)
        except RefusedError as error:
            failure = str(error)
        ended = replace(
            job.record,
            state=ProbeState.DONE if failure is None else ProbeState.FAILED,
            ended_at=self._clock.now(),
            failure=failure,
            addresses=len(observations),
        )
        job.not_stored = await self._store(ended, observations)
        job.observations, job.failure = observations, failure
        job.ended_at, job.state = ended.ended_at, ended.state

    async def _store(self, ended: ProbeRecord, observations: Sequence[Observation]) -> str | None:
        """Store the result; returns why that failed."""
        try:
            await self._archive.put_probe(
                ProbeResult(record=ended, observations=tuple(observations))
            )
        except (StoreError, ResultTooLargeError) as error:
            _LOG.warning(
                "a requested probe cannot be stored", target=ended.target, reason=str(error)
            )
            return str(error)
        return None

    def _end(self, job: ProbeJob, task: asyncio.Task[None]) -> None:
        del self._tasks[job.id]
        if job.state is ProbeState.RUNNING:
            job.state = ProbeState.FAILED
            job.failure = _cause(job, task)
            job.not_stored = "a probe that was interrupted is not stored"
            job.ended_at = self._clock.now()
        if job.id in self._jobs:
            self._ended[job.id] = self._clock.monotonic()
        job.wake()

    def _forget_expired(self) -> None:
        oldest = self._clock.monotonic() - _EXPIRES_SECONDS
        for job_id in [one for one, at in self._ended.items() if at < oldest]:
            self._forget(job_id)

    def _forget(self, job_id: str) -> None:
        self._jobs.pop(job_id, None)
        self._ended.pop(job_id, None)


def _cause(job: ProbeJob, task: asyncio.Task[None]) -> str:
    if task.cancelled():
        return "it was cancelled"
    _LOG.error("a requested probe failed", target=job.target, exc_info=task.exception())
    return "an error of tlsprobe, which the log has"
