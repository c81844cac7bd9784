"""When is each endpoint due, and how many are visited at once?

The due queue holds one entry for each target (resolve its name again) and one for each endpoint (visit it).
An entry leaves the queue when its job starts and returns when it ends, so no job runs twice at the same time. Due
times are stored with each visit, so a restart continues where the service stopped.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from random import Random
from typing import Final

from model.endpoint_state.schedule import Schedule
from model.observation import Observation
from model.ports import Clock, Meter, NotVisitedError, Store
from model.target import Endpoint, Target
from model.tracing import span
from model.verification.remembered import Known
from scheduling.due_queue import DueQueue
from scheduling.endpoint_history import EndpointHistories
from scheduling.in_flight import InFlight
from scheduling.interval import IntervalPolicy
from scheduling.jobs import Job, LookUp, Probing, Rank, SchedulerSettings, Visiting, VisitJob
from scheduling.next_schedule import schedule_after
from scheduling.pauses import with_pauses
from scheduling.resolve import unresolved
from scheduling.start_rate import StartRate
from scheduling.store_writer import StoreWriter
from scheduling.tracked import Tracked, TrackedTargets
from scheduling.visit import judged, observe, read_known_facts, with_earlier_facts

_LOG = logging.getLogger(__name__)
_STARTED_AT_ONCE: Final = 100  # jobs, until the event loop runs other tasks


class Scheduler:
    """Visits every endpoint of the inventory on time, until it is stopped."""

    def __init__(
        self,
        *,
        probing: Probing,
        store: Store,
        clock: Clock,
        settings: SchedulerSettings,
        meter: Meter,
    ) -> None:
        self._probing = probing
        self._store = store
        self._clock = clock
        self._settings = settings
        self._meter = meter
        self._random = Random()  # noqa: S311 (jitter need not be secret)
        self._writer = StoreWriter(store, meter)
        self._due_queue: DueQueue[Job] = DueQueue()
        self._tracked = TrackedTargets()
        self._histories = EndpointHistories()
        self._start_rate = StartRate()
        self._replacing = asyncio.Lock()
        self._wake = asyncio.Event()
        self._in_flight = InFlight(lambda: self._settings, self._wake.set)
        self._is_stopping = False
        self._ended = asyncio.Event()
        self._ended.set()

    @property
    def queue_length(self) -> int:
        """The number of due lookups and visits that wait for their turn."""
        return self._due_queue.count_due(self._clock.monotonic())

    @property
    def probes_in_flight(self) -> int:
        """The number of running visits."""
        return self._in_flight.visits

    @property
    def lag_seconds(self) -> float:
        """How long the first entry in the queue has been due; 0 if none is waiting."""
        next_due = self._due_queue.next_due
        return 0.0 if next_due is None else max(0.0, self._clock.monotonic() - next_due)

    def current_endpoints(self) -> frozenset[str]:
        """The keys of all endpoints in the inventory, including those of unresolved names."""
        return self._tracked.endpoint_keys()

    def reconfigure(self, settings: SchedulerSettings, visit: Visiting) -> None:
        """Replaces the settings and the visiting function for all future jobs."""
        self._settings = settings
        self._probing = replace(self._probing, visit=visit)
        self._wake.set()

    @property
    def targets(self) -> Sequence[Target]:
        """The inventory."""
        return [tracked.target for tracked in self._tracked.values()]

    def target(self, key: str) -> Target | None:
        """The inventory's target with that key."""
        return tracked.target if (tracked := self._tracked.get(key)) is not None else None

    async def enumerate_soon(self, target_key: str | None = None) -> bool:
        """Makes the next visits of the target, or of all targets, enumerate, and starts them one after another.

        Returns whether there is such a target.
        """
        wanted = self._tracked.chosen(target_key)
        async for tracked in with_pauses(wanted):
            for key in tracked.endpoints:
                self._histories.ask_all(key)
                self._plan_visit(key, self._admitted_delay())
        return bool(wanted)

    async def set_targets(self, targets: Iterable[Target]) -> None:
        """Replaces the inventory: new targets are resolved now, and removed ones are forgotten.

        A million targets take a minute, so other tasks run meanwhile. If calls overlap, the last one decides.
        """
        async with self._replacing:
            wanted = {target.key: target async for target in with_pauses(targets)}
            async for key in with_pauses(self._tracked.keys() - wanted.keys()):
                self._forget(key)
            new: list[Target] = []
            async for key, target in with_pauses(wanted.items()):
                if (known := self._tracked.get(key)) is None:
                    self._tracked[key] = Tracked(target)
                    new.append(target)
                elif known.target != target:
                    self._relabel(known, target)
            # By now the whole inventory is known, from which the rate of new visits follows.
            async for target in with_pauses(new):
                self._put(LookUp(target.key), 0.0, target, Rank.NEW)

    async def run(self) -> None:
        """Runs due jobs until ``stop``; raises what the Store raises at startup."""
        self._ended.clear()
        try:
            enumerates = self._settings.enumerates_at_start
            await self._histories.restore(await self._store.schedules(), enumerates=enumerates)
            async with asyncio.TaskGroup() as group:
                trying = group.create_task(self._writer.keep_trying())
                while not self._is_stopping:
                    await self._start_due(group)
                    await self._wait_for_change()
                await self._in_flight.let_end(self._settings.stop_grace_seconds)
                trying.cancel()
            await self._writer.flush()
        finally:
            self._ended.set()

    async def stop(self) -> None:
        """Starts no more jobs, and returns when all visits have ended or been abandoned."""
        self._is_stopping = True
        self._wake.set()
        await self._ended.wait()

    async def _start_due(self, group: asyncio.TaskGroup) -> None:
        started = 0
        while self._in_flight.has_a_place and not self._is_stopping:
            now = self._clock.monotonic()
            if (found := self._due_queue.pop_due(now)) is None:
                return
            job, due = found
            if isinstance(job, VisitJob):
                self._meter.visit_began(now - due)
            self._in_flight.add(job, group.create_task(self._do(job)))
            started += 1
            if started % _STARTED_AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _wait_for_change(self) -> None:
        """Waits until a job is due and has a place, a job has ended, or the inventory has changed."""
        self._wake.clear()
        timeout = None
        if self._in_flight.has_a_place and (next_due := self._due_queue.next_due) is not None:
            timeout = max(0.0, next_due - self._clock.monotonic())
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await self._wake.wait()

    async def _do(self, job: Job) -> None:
        """Runs one job; an internal error fails this run and never the scheduler."""
        try:
            if isinstance(job, LookUp):
                await self._look_up(job)
            else:
                with span("visit", endpoint=job.endpoint_key):
                    await self._visit_endpoint(job)
        except Exception:
            _LOG.exception("a job failed", extra={"job": str(job)})
            tracked = self._tracked.get(job.target_key)
            if tracked is not None:
                delay = self._settings.paces[-1].retry_delay(1, self._random)
                self._put(job, delay, tracked.target)

    async def _look_up(self, job: LookUp) -> None:
        tracked = self._tracked.get(job.target_key)
        if tracked is None:
            return
        started_at = self._clock.now()
        try:
            resolution = await self._probing.resolve(tracked.target)
        except NotVisitedError:
            if self._tracked.get(job.target_key) is tracked:
                self._put(job, self._settings.early_retry_seconds, tracked.target)
            return
        if self._tracked.get(job.target_key) is not tracked:
            return
        pace = self._settings.pace_of(tracked.target)
        failures = 0
        if resolution.failure is None:
            tracked.unresolved_key = None
            self._take_addresses(tracked, resolution.endpoints)
            delay = pace.next_delay(job.target_key, self._clock.now())
        else:
            lost = unresolved(tracked.target, resolution.failure, started_at)
            if self._histories.is_first_failure(job.target_key):
                self._meter.visit_doubted(lost)
                self._put(job, self._settings.early_retry_seconds, tracked.target)
                return
            tracked.unresolved_key = lost.endpoint.key
            schedule, delay = self._next(job.target_key, lost, pace)
            failures = schedule.consecutive_failures
            await self._keep(lost, schedule, None)
        if self._tracked.get(job.target_key) is tracked:
            self._histories.visited(job.target_key, failures)
            self._put(job, delay, tracked.target)

    def _take_addresses(self, tracked: Tracked, endpoints: Sequence[Endpoint]) -> None:
        found = {endpoint.key: endpoint for endpoint in endpoints}
        interval_seconds = self._settings.pace_of(tracked.target).interval_seconds
        for gone in tracked.endpoints.keys() - found.keys():
            self._due_queue.remove(VisitJob(gone))
            self._histories.depart(tracked, gone, self._clock.now(), interval_seconds)
        added = found.keys() - tracked.endpoints.keys()
        tracked.endpoints = found
        for key in added:
            self._plan_visit(key, self._first_delay(key, tracked.target))

    def _plan_visit(self, endpoint_key: str, delay_seconds: float) -> None:
        """If a visit is still running, the next is scheduled when it ends: never two at the same time."""
        job = VisitJob(endpoint_key)
        endpoint = self._tracked.endpoint(endpoint_key)
        if endpoint is not None and job not in self._in_flight:
            rank = self._histories.rank(endpoint_key)
            self._put(job, delay_seconds, endpoint.target, rank)

    def _put(self, job: Job, delay_seconds: float, target: Target, rank: Rank = Rank.KNOWN) -> None:
        due = self._clock.monotonic() + delay_seconds
        self._due_queue.put(job, due, rank=rank, group=self._settings.group_of(job, target))
        self._wake.set()

    def _admitted_delay(self) -> float:
        """The delay of one of many simultaneous newcomers."""
        rate = self._settings.admitted_per_second(len(self._tracked))
        return self._start_rate.delay(self._clock.monotonic(), rate)

    def _first_delay(self, endpoint_key: str, target: Target) -> float:
        """The delay from before a restart if there is one; short for overdue and new endpoints."""
        planned = 0.0
        if (schedule := self._histories.come_back(endpoint_key)) is not None:
            pace = self._settings.pace_of(target)
            planned = pace.resumed_delay(schedule.due_at, self._clock.now())
        return planned or self._admitted_delay()

    async def _visit_endpoint(self, job: VisitJob) -> None:
        endpoint = self._tracked.endpoint(job.endpoint_key)
        if endpoint is None:
            return
        pace = self._settings.pace_of(endpoint.target)
        if closed_seconds := pace.closed_seconds(self._clock.now()):
            delay = pace.reopened_delay(job.endpoint_key, closed_seconds)
            self._put(job, delay, endpoint.target)
            return
        try:
            known = await self._known(endpoint, pace)
            seen = await observe(self._probing.visit, endpoint, known, self._clock)
            observation = await with_earlier_facts(self._store.latest, seen)
        except NotVisitedError:
            delay = self._settings.early_retry_seconds
            self._plan_next(job, delay, self._histories.rank(job.endpoint_key))
            return
        if self._is_doubtful(observation):
            self._meter.visit_doubted(observation)
            delay = self._settings.early_retry_seconds
        else:
            delay = await self._take(observation, pace, known)
        self._plan_next(job, delay, Rank.KNOWN if observation.answered else Rank.FAILING)

    def _plan_next(self, job: VisitJob, delay_seconds: float, rank: Rank) -> None:
        """Schedules the next visit; during the visit the endpoint may have got other labels, or have left."""
        endpoint = self._tracked.endpoint(job.endpoint_key)
        if endpoint is None:
            self._histories.forget(job.endpoint_key)
        else:
            self._put(job, delay_seconds, endpoint.target, rank)

    def _is_doubtful(self, observation: Observation) -> bool:
        may_repeat = not observation.answered and self._settings.repeats_failed_visits
        return may_repeat and self._histories.is_first_failure(observation.endpoint.key)

    async def _take(self, seen: Observation, pace: IntervalPolicy, known: Known | None) -> float:
        """Stores the result of a visit; returns the seconds until the next one."""
        key = seen.endpoint.key
        schedule, delay = self._next(key, seen, pace)
        self._histories.visited(key, schedule.consecutive_failures, schedule.enumerated_at)
        await self._keep(seen, schedule, known)
        return delay

    def _next(
        self, key: str, observation: Observation, pace: IntervalPolicy
    ) -> tuple[Schedule, float]:
        """The Schedule that follows, by the history of ``key``, and in how many seconds that is due."""
        now = self._clock.now()
        before = self._histories.schedule(key, now, pace.interval_seconds)
        schedule = schedule_after(observation, before, pace, now, self._random)
        return schedule, (schedule.due_at - now).total_seconds()

    async def _known(self, endpoint: Endpoint, pace: IntervalPolicy) -> Known | None:
        """The facts that the visit may rely on; mostly None if it enumerates."""
        enumerated_at = self._histories.enumerated_at(endpoint.key)
        enumerates = pace.wants_enumeration(enumerated_at, self._clock.now())
        remembered = None if enumerates else self._probing.recall(endpoint)
        read = self._store.latest
        return remembered or await read_known_facts(read, endpoint, enumerates=enumerates)

    async def _keep(self, seen: Observation, schedule: Schedule, known: Known | None) -> None:
        visit = await judged(self._probing.judge, self._store.latest, seen, schedule, known)
        self._meter.visit_finished(visit)
        await self._writer.record(visit)

    def _relabel(self, tracked: Tracked, target: Target) -> None:
        """New labels apply from the next visit, which comes soon: the endpoint stays the same."""
        tracked.target = target
        for key, endpoint in tracked.endpoints.items():
            tracked.endpoints[key] = replace(endpoint, target=target)
            self._plan_visit(key, self._admitted_delay())

    def _forget(self, target_key: str) -> None:
        self._due_queue.remove(LookUp(target_key))
        self._histories.forget(target_key)
        tracked = self._tracked.pop(target_key)
        self._histories.forget_departed(tracked)
        for key in tracked.endpoints:
            self._due_queue.remove(VisitJob(key))
            self._histories.forget(key)
