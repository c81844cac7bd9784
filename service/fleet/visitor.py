"""Makes the visits of a job: takes the claims, visits through the engine, records, releases the claims.

An endpoint without a record of deaths is visited in this process, in parallel with others. An endpoint that was
in flight when a worker died is visited in a separate process, a few of them in parallel. If that process dies,
the endpoint is the culprit and is quarantined; otherwise it is cleared.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from model.tracing import span
from model.verification.remembered import Known, Remembered
from model.version import TOOL_VERSION
from scheduling.jobs import Judging, SchedulerSettings, Visiting, unjudged
from scheduling.next_schedule import schedule_after
from scheduling.visit import ReadLatest, judged, known_facts, with_earlier_facts
from service.fleet.leases import INNOCENT, Leases, Record
from service.fleet.limiter import Limiter, NoPlaceError
from service.fleet.request import Request
from service.fleet.settlement import Settlement, Settling
from service.fleet.worker_memory import WorkerMemory
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

    async def latest(self, endpoint_key: str, *, answered: bool = False) -> Observation | None:
        """The endpoint's newest facts, or the newest that were answered as TLS."""
        ...

    async def latest_of(self, endpoint_keys: Collection[str]) -> Mapping[str, Observation]:
        """The newest facts of each endpoint that has been visited."""
        ...

    async def last_visits(self, endpoint_keys: Collection[str]) -> Mapping[str, LastVisit]:
        """When each endpoint was last visited, and when it is due."""
        ...


@frozen
class Ways:
    """How endpoints are visited: in this process or ``alone`` in a separate one; how the results are judged; and
    what is remembered of them."""

    beside_others: Visiting
    alone: Visiting
    judge: Judging = unjudged
    memory: WorkerMemory = field(default_factory=WorkerMemory)


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
        self._settlement = Settlement(claims, self._keep)
        self._places_alone = asyncio.Semaphore(ALONE_AT_ONCE)
        self._dice = Random()  # noqa: S311 (jitter need not be secret)

    async def visit(self, requests: Sequence[Request], worker_id: int) -> None:
        """Return when every endpoint is visited (by this worker or another), quarantined, or closed.

        Once the slots are closed, visits that have not begun are released: another worker makes them.

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
            due = [_Due(one, last.get(one.key)) for one in held if one.key not in done]
            await self._recall(due)
            async with asyncio.TaskGroup() as visits:
                for each in due:
                    visits.create_task(self._visit_one(each, group.record, worker_id))
            if self._slots.is_closed:
                await with_patience(lambda: self._claims.put_back(keys, worker_id))
        except BaseException:
            # No worker died: the claims of unfinished visits must not look as if one had.
            await asyncio.shield(with_patience(lambda: self._claims.put_back(keys, worker_id)))
            raise

    async def _recall(self, due: Sequence[_Due]) -> None:
        """Set what the visits that only verify may take for known: what is remembered, else the stored facts."""
        unread: dict[str, _Due] = {}
        for one in due:
            if one.last is not None and not one.enumerates:
                endpoint, now = one.request.endpoint, self._clock.now()
                one.known = self._ways.memory.recall(endpoint, one.last, now)
                if one.known is None:
                    unread[one.request.key] = one
        if unread:
            read = self._records.latest_of
            for key, found in (await with_patience(lambda: read(unread))).items():
                unread[key].known = found

    async def _visit_one(self, due: _Due, record: Record | None, worker_id: int) -> None:
        request, before = due.request, due.schedule
        with span("visit", endpoint=request.key):
            try:
                seen, known = await self._observe(due, is_alone=record is not None)
            except NoPlaceError:
                return
            except DiedAloneError:
                times_before = 0 if record is None else record.times_set_aside
                await self._set_aside(request.endpoint, before, worker_id, times_before)
                return
            except NotVisitedError as reason:
                # The scheduler plans another visit when it finds the job over.
                _LOG.info(
                    "an endpoint is not visited now", endpoint=request.key, reason=str(reason)
                )
                await with_patience(lambda: self._claims.put_back([request.key], worker_id))
                return
            pace = self._settings.pace_of(request.endpoint.target)
            schedule = schedule_after(seen, before, pace, self._clock.now(), self._dice)
            visit = await judged(self._ways.judge, self._latest, seen, schedule, known)
            await self._record(visit, worker_id)

    async def _record(self, visit: Visit, worker_id: int) -> None:
        """Store the visit if the claim is still ours, as soon as the database allows; at most once."""
        settling = Settling(visit=visit, worker_id=worker_id)
        await with_patience(lambda: self._settlement.settle(settling))
        if not settling.is_ours:
            _LOG.warning(
                "an endpoint was reassigned to another worker during the visit", endpoint=visit.key
            )

    async def _keep(self, visit: Visit) -> None:
        try:
            self._ways.memory.visit_stored(visit, await self._records.record_visit(visit))
        except UnkeepableError as error:
            _LOG.error("gave up storing a visit", endpoint=visit.key, reason=str(error))
            reason, seen = "The results of the visit cannot be stored.", visit.observation
            bare = _error(seen.endpoint, seen.started_at, seen.cost, reason)
            await self._records.record_visit(await self._ways.judge(bare, visit.schedule))

    async def _observe(self, due: _Due, *, is_alone: bool) -> tuple[Observation, Known | None]:
        """The result of the visit, and what it took for known.

        The first failure in a row counts only if a second attempt fails too.
        """
        endpoint, visit = due.request.endpoint, self._ways.beside_others
        if is_alone:
            visit = self._ways.alone
        known = due.known
        if not isinstance(known, Remembered):
            known = await known_facts(self._reading(known), endpoint, enumerates=due.enumerates)
        observation = await self._visit_once(visit, endpoint, known)
        if observation.answered or due.has_failed:
            return observation, known
        await asyncio.sleep(self._settings.early_retry_seconds)
        known = await known_facts(self._latest, endpoint, enumerates=True)
        return await self._visit_once(visit, endpoint, known), known

    async def _visit_once(
        self, visit: Visiting, endpoint: Endpoint, known: Known | None
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

    def _reading(self, newest: Observation | None) -> ReadLatest:
        """``_latest`` for an endpoint whose ``newest`` facts have been read, if there are any."""

        async def read(endpoint_key: str, *, answered: bool = False) -> Observation | None:
            if newest is not None and not answered:
                return newest
            return await self._latest(endpoint_key, answered=answered)

        return read

    async def _latest(self, endpoint_key: str, *, answered: bool = False) -> Observation | None:
        read = self._records.latest
        return await with_patience(lambda: read(endpoint_key, answered=answered))

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


@dataclass(slots=True)
class _Due:
    """An endpoint to visit; ``last`` is its newest visit, ``known`` what a visit that only verifies relies on."""

    request: Request
    last: LastVisit | None
    known: Known | None = None

    @property
    def schedule(self) -> Schedule | None:
        """The schedule after the newest visit."""
        return None if self.last is None else self.last.schedule

    @property
    def has_failed(self) -> bool:
        """Whether the newest visit failed."""
        return self.last is not None and self.last.schedule.consecutive_failures > 0

    @property
    def enumerates(self) -> bool:
        """Whether the visit asks everything."""
        return self.has_failed or not self.request.is_to_verify


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
