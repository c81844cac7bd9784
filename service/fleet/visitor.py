"""Makes the visits of a job: takes the claims, visits through the engine, records, releases the claims.

An endpoint without a record of deaths is visited in this process, in parallel with others. An endpoint that was
in flight when a worker died is visited in a separate process, a few of them in parallel. If that process dies,
the endpoint is the culprit and is quarantined; otherwise it is cleared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Final, Protocol, TypeVar

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from model.endpoint_state import Advanced, Schedule, Visit
from model.frozen import frozen
from model.observation import Cost, Mode, Observation, State
from model.ports import Clock, NotVisitedError, UnkeepableError
from model.query import ServiceEvent, ServiceEventKind
from model.target import Endpoint
from model.version import TOOL_VERSION
from scheduling.jobs import Judging, SchedulerSettings, Visiting, unjudged
from scheduling.next_schedule import schedule_after
from scheduling.visit import known_facts, with_earlier_facts
from service.fleet.leases import INNOCENT, Leases, Record
from service.fleet.limiter import Limiter
from service.fleet.request import Request
from service.watchdog.isolation import DiedAloneError, NoProcessError
from service.watchdog.suspicion import ALONE_AT_ONCE, seconds_set_aside, set_aside_reason
from storage import AnotherVersionError, LastVisit, StoreError

_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 60.0

_LOG = structlog.stdlib.get_logger("tlsprobe")

T = TypeVar("T")


class Records(Protocol):
    """What the visitor needs from the Store."""

    async def record_visit(self, visit: Visit) -> Advanced:
        """Store a visit durably."""
        ...

    async def note(self, event: ServiceEvent) -> None:
        """Store a service event."""
        ...

    async def latest(
        self, endpoint_key: str, *, answered_as_tls: bool = False
    ) -> Observation | None:
        """The endpoint's newest facts, or the newest that were answered as TLS."""
        ...

    async def last_visits(self, endpoint_keys: Collection[str]) -> Mapping[str, LastVisit]:
        """When each endpoint was last visited, and when it is due."""
        ...


@frozen
class Ways:
    """How endpoints are visited: in this process or ``alone`` in a separate one; and how the results are judged."""

    beside_others: Visiting
    alone: Visiting
    judge: Judging = unjudged


class Visitor:
    """Makes the visits of jobs, any number of jobs in parallel."""

    def __init__(
        self,
        *,
        ways: Ways,
        records: Records,
        claims: Leases,
        slots: Limiter,
        clock: Clock,
        settings: SchedulerSettings,
    ) -> None:
        self._ways = ways
        self._records = records
        self._claims = claims
        self._slots = slots
        self._clock = clock
        self._settings = settings
        self._places_alone = asyncio.Semaphore(ALONE_AT_ONCE)
        self._dice = Random()  # noqa: S311 (jitter need not be secret)

    async def visit(self, requests: Sequence[Request], worker_id: int) -> None:
        """Return when every endpoint is visited (by this worker or another), quarantined, or closed.

        Raises:
            psycopg.Error: if the queue's database fails; what was recorded by then remains.
        """
        against = await self._claims.records([request.key for request in requests])
        free = [one for one in requests if not against.get(one.key, INNOCENT).is_set_aside]
        clean = [one for one in free if not against.get(one.key, INNOCENT).deaths]

        async def visit_alone(suspect: Request) -> None:
            async with self._places_alone:
                await self._visit_group(_Group((suspect,), against[suspect.key]), worker_id)

        async with asyncio.TaskGroup() as groups:
            groups.create_task(self._visit_group(_Group(tuple(clean)), worker_id))
            for one in free:
                if one not in clean:
                    groups.create_task(visit_alone(one))

    async def _visit_group(self, group: _Group, worker_id: int) -> None:
        keys = [one.key for one in group.requests]
        try:
            taken = await self._claims.take(keys, worker_id)
            held = [one for one in group.requests if one.key in taken]
            last = await with_patience(lambda: self._records.last_visits(taken))
            done = {one.key for one in held if _is_done(one, last.get(one.key))}
            await self._claims.finish(done, worker_id)
            async with asyncio.TaskGroup() as visits:
                for one in held:
                    if one.key not in done:
                        visited = last.get(one.key)
                        visits.create_task(self._visit_one(one, visited, group.record, worker_id))
        except BaseException:
            # No worker died: the claims of unfinished visits must not look as if one had.
            await asyncio.shield(with_patience(lambda: self._claims.put_back(keys, worker_id)))
            raise

    async def _visit_one(
        self, request: Request, last: LastVisit | None, record: Record | None, worker_id: int
    ) -> None:
        before = None if last is None else last.schedule
        try:
            observation = await self._observe(request, before, is_alone=record is not None)
        except DiedAloneError:
            times_before = 0 if record is None else record.times_set_aside
            await self._set_aside(request.endpoint, before, worker_id, times_before)
            return
        except NotVisitedError as reason:
            # The scheduler plans another visit when it finds the job over.
            _LOG.info("an endpoint is not visited now", endpoint=request.key, reason=str(reason))
            await with_patience(lambda: self._claims.put_back([request.key], worker_id))
            return
        pace = self._settings.pace_of(request.endpoint.target)
        schedule = schedule_after(observation, before, pace, self._clock.now(), self._dice)
        await self._record(await self._ways.judge(observation, schedule), worker_id)

    async def _record(self, visit: Visit, worker_id: int) -> None:
        """Store the visit if the claim is still ours, as soon as the database allows; at most once."""
        key, is_recorded = visit.key, False

        async def settle() -> bool:
            nonlocal is_recorded
            async with self._claims.settling(key, worker_id) as is_ours:
                if is_ours and not is_recorded:
                    await self._keep(visit)
                    is_recorded = True
            return is_ours or is_recorded

        if not await with_patience(settle):
            _LOG.warning(
                "an endpoint was reassigned to another worker during the visit", endpoint=key
            )

    async def _keep(self, visit: Visit) -> None:
        try:
            await self._records.record_visit(visit)
        except UnkeepableError as error:
            _LOG.error("gave up storing a visit", endpoint=visit.key, reason=str(error))
            reason, seen = "The results of the visit cannot be stored.", visit.observation
            bare = _error(seen.endpoint, seen.started_at, seen.cost, reason)
            await self._records.record_visit(await self._ways.judge(bare, visit.schedule))

    async def _observe(
        self, request: Request, before: Schedule | None, *, is_alone: bool
    ) -> Observation:
        """The result of the visit; the first failure in a row counts only if a second attempt fails too."""
        has_failed = before is not None and before.consecutive_failures > 0
        visit = self._ways.alone if is_alone else self._ways.beside_others
        enumerates = has_failed or not request.is_to_verify
        known = await self._known(request.endpoint, enumerates=enumerates)
        observation = await self._visit_once(visit, request.endpoint, known)
        if observation.answered_as_tls or has_failed:
            return observation
        await asyncio.sleep(self._settings.early_retry_seconds)
        known = await self._known(request.endpoint, enumerates=True)
        return await self._visit_once(visit, request.endpoint, known)

    async def _visit_once(
        self, visit: Visiting, endpoint: Endpoint, known: Observation | None
    ) -> Observation:
        async with self._slots.one():
            if self._settings.pace_of(endpoint.target).closed_seconds(self._clock.now()):
                raise NotVisitedError(
                    "the setting `maintenance_windows` forbids visits at this time"
                )
            started_at, began = self._clock.now(), self._clock.monotonic()
            try:
                seen = await visit(endpoint, known)
                return await with_earlier_facts(self._records.latest, seen)
            except (DiedAloneError, NotVisitedError):
                raise
            except NoProcessError as error:
                _LOG.error("a process cannot be started", endpoint=endpoint.key, reason=str(error))
                raise NotVisitedError(str(error)) from error
            except Exception as fault:
                _LOG.exception("a visit failed", endpoint=endpoint.key)
                cost = Cost(duration_seconds=self._clock.monotonic() - began)
                reason = f"Internal error: the visit ended with {type(fault).__name__}."
                return _error(endpoint, started_at, cost, reason)

    async def _known(self, endpoint: Endpoint, *, enumerates: bool) -> Observation | None:
        return await with_patience(
            lambda: known_facts(self._records.latest, endpoint, enumerates=enumerates)
        )

    async def _set_aside(
        self, endpoint: Endpoint, before: Schedule | None, worker_id: int, times_before: int
    ) -> None:
        now = self._clock.now()
        until = now + timedelta(seconds=seconds_set_aside(times_before))
        reason = set_aside_reason(until)
        observation = _error(endpoint, now, Cost(), reason)
        pace = self._settings.pace_of(endpoint.target)
        schedule = schedule_after(observation, before, pace, now, self._dice)
        _LOG.error("an endpoint is quarantined", endpoint=endpoint.key, reason=reason)
        visit = await self._ways.judge(observation, replace(schedule, due_at=until))
        await with_patience(lambda: self._records.record_visit(visit))
        sentence = f"{endpoint.key} is quarantined: {reason}"
        kind, key = ServiceEventKind.ENDPOINT_QUARANTINED, endpoint.key
        event = ServiceEvent(at=now, kind=kind, sentence=sentence, endpoint_key=key)
        await with_patience(lambda: self._records.note(event))
        await with_patience(lambda: self._claims.set_aside(endpoint.key, worker_id, until))


def _is_done(request: Request, last: LastVisit | None) -> bool:
    return last is not None and request.is_outdated_by(last.ended_at)


def _error(endpoint: Endpoint, started_at: datetime, cost: Cost, reason: str) -> Observation:
    return Observation(
        tool_version=TOOL_VERSION,
        mode=Mode.ENUMERATE,
        endpoint=endpoint,
        started_at=started_at,
        cost=cost,
        state=State.ERROR,
        reason=reason,
    )


@dataclass(frozen=True, slots=True)
class _Group:
    """Endpoints that are visited in parallel; or, with a ``record``, one that is visited in a separate process."""

    requests: tuple[Request, ...]
    record: Record | None = None


async def with_patience(ask: Callable[[], Awaitable[T]]) -> T:
    """The database's answer, however long it takes: a worker holds its results until they are stored.

    Raises:
        AnotherVersionError: if the database will never answer this version.
    """
    pause = _PAUSE_SECONDS
    while True:
        try:
            return await ask()
        except AnotherVersionError:
            raise
        except (StoreError, psycopg.OperationalError, PoolTimeout) as error:
            _LOG.warning(
                "the database does not answer, trying again", seconds=pause, reason=str(error)
            )
        await asyncio.sleep(pause)
        pause = min(_LONGEST_PAUSE_SECONDS, 2 * pause)
