"""When is each endpoint due, and how many are visited at once?

An agenda holds one entry for each target (look its addresses up again) and one for each endpoint
(visit it). Entries leave it when they start and come back when they end, so nothing ever runs
twice side by side. Due times go to the Store with each visit, so a restart goes on where it was.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

from model.observation import Cost, Mode, Observation, State
from model.ports import Clock, Meter, Schedule, Store
from model.target import Endpoint, Target
from model.version import TOOL_VERSION
from probe.agenda import Agenda
from probe.pace import Pace
from probe.plan import Job, LookUp, Rank, SchedulerSettings, Tracked, Visit, Visiting
from probe.recorder import Recorder
from probe.resolve import Resolution, unresolved

_LOG = logging.getLogger(__name__)


class Scheduler:
    """Visits every endpoint of the inventory in its time, until it is stopped."""

    def __init__(
        self,
        *,
        visit: Visiting,
        resolve: Callable[[Target], Awaitable[Resolution]],
        store: Store,
        clock: Clock,
        settings: SchedulerSettings,
        meter: Meter,
    ) -> None:
        self._visit = visit
        self._resolve = resolve
        self._store = store
        self._clock = clock
        self._settings = settings
        self._meter = meter
        self._dice = Random()  # noqa: S311 (jitter is no secret)
        self._recorder = Recorder(store, meter)
        self._agenda: Agenda[Job] = Agenda()
        self._tracked: dict[str, Tracked] = {}
        self._failures: dict[str, int] = {}
        self._enumerated: dict[str, datetime] = {}
        self._restored: dict[str, Schedule] = {}
        self._running: dict[asyncio.Task[None], Job] = {}
        self._in_overtime: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._is_stopping = False
        self._ended = asyncio.Event()
        self._ended.set()

    @property
    def queue_length(self) -> int:
        """How many look-ups and visits are due and wait for their turn."""
        return self._agenda.count_due(self._clock.monotonic())

    @property
    def visits_in_flight(self) -> int:
        """How many visits run now."""
        return sum(isinstance(job, Visit) for job in self._running.values())

    @property
    def lag_seconds(self) -> float:
        """For how long the first in the queue has been due; 0 where nothing waits."""
        next_due = self._agenda.next_due
        return 0.0 if next_due is None else max(0.0, self._clock.monotonic() - next_due)

    def current_endpoints(self) -> frozenset[str]:
        """The keys of all endpoints in the inventory, those of unresolved names among them."""
        keys = {key for tracked in self._tracked.values() for key in tracked.endpoints}
        lost = {tracked.unresolved_key for tracked in self._tracked.values()} - {None}
        return frozenset(keys | {key for key in lost if key is not None})

    def reconfigure(self, settings: SchedulerSettings, visit: Visiting) -> None:
        """Other settings, and another way to visit, for all that is planned from now on."""
        self._settings = settings
        self._visit = visit
        self._wake.set()

    def enumerate_soon(self) -> None:
        """Asks everything of every endpoint with its next visit, which comes at once."""
        self._enumerated.clear()
        for tracked in self._tracked.values():
            for key in tracked.endpoints:
                self._plan_visit(key, 0.0)
        self._wake.set()

    def set_targets(self, targets: Sequence[Target]) -> None:
        """Makes these the inventory: what is new is looked up now, what is gone is forgotten."""
        wanted = {target.key: target for target in targets}
        for key in self._tracked.keys() - wanted.keys():
            self._forget(key)
        for key, target in wanted.items():
            known = self._tracked.get(key)
            if known is None:
                self._tracked[key] = Tracked(target)
                self._put(LookUp(key), 0.0, Rank.NEW, target)
            elif known.target != target:
                self._relabel(known, target)
        self._wake.set()

    async def run(self) -> None:
        """Visits what is due until ``stop``; raises what the Store raises at the start."""
        self._ended.clear()
        try:
            for schedule in await self._store.schedules():
                self._restored[schedule.endpoint_key] = schedule
            async with asyncio.TaskGroup() as group:
                trying = group.create_task(self._recorder.keep_trying())
                while not self._is_stopping:
                    self._start_due(group)
                    await self._wait_for_change()
                await self._let_visits_end()
                trying.cancel()
            await self._recorder.flush()
        finally:
            self._ended.set()

    async def stop(self) -> None:
        """Starts nothing more and returns when all visits have ended or been abandoned."""
        self._is_stopping = True
        self._wake.set()
        await self._ended.wait()

    def _start_due(self, group: asyncio.TaskGroup) -> None:
        while self._has_a_place:
            job = self._agenda.pop_due(self._clock.monotonic())
            if job is None:
                return
            task = group.create_task(self._do(job))
            self._running[task] = job
            task.add_done_callback(self._end)
            self._watch_for_overtime(task)

    @property
    def _has_a_place(self) -> bool:
        return len(self._running) - len(self._in_overtime) < self._settings.visits_at_once

    def _watch_for_overtime(self, task: asyncio.Task[None]) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(self._settings.overtime_seconds, self._leave_behind, task)

    def _leave_behind(self, task: asyncio.Task[None]) -> None:
        if task not in self._running:
            return
        if len(self._in_overtime) < self._settings.most_in_overtime:
            self._in_overtime.add(task)
            self._wake.set()
        else:
            self._watch_for_overtime(task)

    def _end(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._in_overtime.discard(task)
        self._wake.set()

    async def _wait_for_change(self) -> None:
        """Until something is due and has a place, something ended, or the inventory changed."""
        self._wake.clear()
        timeout = None
        if self._has_a_place:
            next_due = self._agenda.next_due
            if next_due is not None:
                timeout = max(0.0, next_due - self._clock.monotonic())
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._wake.wait()

    async def _let_visits_end(self) -> None:
        if not self._running:
            return
        _, abandoned = await asyncio.wait(self._running, timeout=self._settings.stop_grace_seconds)
        for task in abandoned:
            task.cancel()

    async def _do(self, job: Job) -> None:
        """One job; a fault of ours costs this turn of it and never the scheduler."""
        try:
            if isinstance(job, LookUp):
                await self._look_up(job)
            else:
                await self._visit_endpoint(job)
        except Exception:
            _LOG.exception("%s failed", job)
            self._put(job, self._settings.paces[-1].retry_delay(1, self._dice))

    async def _look_up(self, job: LookUp) -> None:
        tracked = self._tracked.get(job.target_key)
        if tracked is None:
            return
        started_at = self._clock.now()
        resolution = await self._resolve(tracked.target)
        if self._tracked.get(job.target_key) is not tracked:
            return
        pace = self._settings.pace_of(tracked.target)
        if resolution.failure is None:
            tracked.failures, tracked.unresolved_key = 0, None
            self._take_addresses(tracked, resolution.endpoints)
            delay = pace.next_delay(job.target_key, self._clock.now())
        else:
            tracked.failures += 1
            delay = pace.retry_delay(tracked.failures, self._dice)
            lost = unresolved(tracked.target, resolution.failure, started_at, TOOL_VERSION)
            tracked.unresolved_key = lost.endpoint.key
            await self._keep(lost, tracked.failures, delay)
        self._put(job, delay, Rank.KNOWN, tracked.target)

    def _take_addresses(self, tracked: Tracked, endpoints: Sequence[Endpoint]) -> None:
        found = {endpoint.key: endpoint for endpoint in endpoints}
        for gone in tracked.endpoints.keys() - found.keys():
            self._forget_endpoint(gone)
        added = found.keys() - tracked.endpoints.keys()
        tracked.endpoints = found
        for key in added:
            self._plan_visit(key, self._first_delay(key, tracked.target))

    def _plan_visit(self, endpoint_key: str, delay_seconds: float) -> None:
        """Where a visit still runs, the next is planned when it ends: never two side by side."""
        job = Visit(endpoint_key)
        endpoint = self._find(endpoint_key)
        if endpoint is None or job in self._running.values():
            return
        rank = Rank.NEW
        if endpoint_key in self._failures:
            rank = Rank.FAILING if self._failures[endpoint_key] else Rank.KNOWN
        self._put(job, delay_seconds, rank, endpoint.target)

    def _put(
        self,
        job: Job,
        delay_seconds: float,
        rank: Rank = Rank.KNOWN,
        target: Target | None = None,
    ) -> None:
        due = self._clock.monotonic() + delay_seconds
        self._agenda.put(job, due, rank=rank, group=target.source if target else "")

    def _first_delay(self, endpoint_key: str, target: Target) -> float:
        """At once for an endpoint never visited, as planned for one from before a restart."""
        schedule = self._restored.pop(endpoint_key, None)
        if schedule is None:
            return 0.0
        self._failures[endpoint_key] = schedule.consecutive_failures
        if schedule.enumerated_at is not None:
            self._enumerated[endpoint_key] = schedule.enumerated_at
        return self._settings.pace_of(target).resumed_delay(
            schedule.due_at, self._clock.now(), self._dice
        )

    async def _visit_endpoint(self, job: Visit) -> None:
        endpoint = self._find(job.endpoint_key)
        if endpoint is None:
            return
        pace = self._settings.pace_of(endpoint.target)
        if closed_seconds := pace.closed_seconds(self._clock.now()):
            self._put(job, closed_seconds + pace.spread(self._dice), target=endpoint.target)
            return
        observation = await self._observe(endpoint, await self._known(endpoint, pace))
        failures = 0
        if not observation.answered_as_tls:
            failures = self._failures.get(job.endpoint_key, 0) + 1
            delay = pace.retry_delay(failures, self._dice)
        else:
            delay = pace.next_delay(job.endpoint_key, self._clock.now(), observation)
            if observation.mode is Mode.ENUMERATE:
                self._enumerated[job.endpoint_key] = observation.started_at
        await self._keep(observation, failures, delay)
        if self._find(job.endpoint_key) is None:
            self._enumerated.pop(job.endpoint_key, None)
            return
        self._failures[job.endpoint_key] = failures
        rank = Rank.FAILING if failures else Rank.KNOWN
        self._put(job, delay, rank, endpoint.target)

    async def _known(self, endpoint: Endpoint, pace: Pace) -> Observation | None:
        """What the visit is only to verify; None where it is to ask everything."""
        if self._failures.get(endpoint.key) != 0:
            return None
        if pace.wants_enumeration(self._enumerated.get(endpoint.key), self._clock.now()):
            return None
        try:
            known = await self._store.latest(endpoint.key)
        except Exception as error:
            _LOG.warning(
                "%s is asked everything, for its facts cannot be read: %s", endpoint, error
            )
            return None
        return known if known is not None and known.tool_version == TOOL_VERSION else None

    async def _observe(self, endpoint: Endpoint, known: Observation | None) -> Observation:
        started_at, began = self._clock.now(), self._clock.monotonic()
        try:
            return await self._visit(endpoint, known)
        except Exception as fault:
            _LOG.exception("the visit to %s failed", endpoint.key)
            return Observation(
                tool_version=TOOL_VERSION,
                mode=Mode.ENUMERATE,
                endpoint=endpoint,
                started_at=started_at,
                cost=Cost(duration_seconds=self._clock.monotonic() - began),
                state=State.ERROR,
                reason=f"A fault of ours: the visit ended with {type(fault).__name__}.",
            )

    async def _keep(self, observation: Observation, failures: int, delay_seconds: float) -> None:
        self._meter.visit_finished(observation)
        key = observation.endpoint.key
        schedule = Schedule(
            endpoint_key=key,
            due_at=self._clock.now() + timedelta(seconds=delay_seconds),
            interval_seconds=self._settings.pace_of(observation.endpoint.target).interval_seconds,
            consecutive_failures=failures,
            enumerated_at=self._enumerated.get(key),
        )
        await self._recorder.record(observation, schedule)

    def _find(self, endpoint_key: str) -> Endpoint | None:
        tracked = self._tracked.get(endpoint_key.rpartition("@")[0])
        return None if tracked is None else tracked.endpoints.get(endpoint_key)

    def _relabel(self, tracked: Tracked, target: Target) -> None:
        """New labels are for the next visit, which comes soon: they are no new endpoint."""
        tracked.target = target
        for key, endpoint in tracked.endpoints.items():
            tracked.endpoints[key] = replace(endpoint, target=target)
            self._plan_visit(key, self._settings.pace_of(target).spread(self._dice))

    def _forget(self, target_key: str) -> None:
        self._agenda.remove(LookUp(target_key))
        for key in self._tracked.pop(target_key).endpoints:
            self._forget_endpoint(key)

    def _forget_endpoint(self, endpoint_key: str) -> None:
        self._agenda.remove(Visit(endpoint_key))
        self._failures.pop(endpoint_key, None)
        self._enumerated.pop(endpoint_key, None)
