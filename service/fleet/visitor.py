"""Makes the visits of a job: takes the claims, asks the engine, records, gives the claims up.

An endpoint with nothing against it is visited beside all others. One that was in flight when a worker died
is visited behind them, in a small group, of which a worker visits one at a time; if that worker dies too, in a process of its own. So the culprit is
known after three deaths, and set aside; whoever only stood beside it has been visited by then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from typing import Final, Protocol, TypeVar

import psycopg
from psycopg_pool import PoolTimeout

from model.observation import Cost, Mode, Observation, State
from model.ports import Clock, Schedule, UnkeepableError
from model.query import ServiceEvent
from model.target import Endpoint
from model.version import TOOL_VERSION
from probe.aftermath import schedule_after
from probe.plan import SchedulerSettings, Visiting
from service.fleet.alone import DiedAloneError, NoProcessError
from service.fleet.claims import INNOCENT, MOST_DEATHS, SET_ASIDE_SECONDS, Claims, Record
from service.fleet.request import Request
from service.fleet.slots import Slots
from storage import AnotherVersionError, LastVisit, StoreError

_GROUP_OF_SUSPECTS: Final = 8
_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 60.0

_LOG = logging.getLogger(__name__)

T = TypeVar("T")


class _ClosedError(Exception):
    """The endpoint is in a span of its pace in which it must not be visited."""


class Records(Protocol):
    """What the visitor asks of the Store."""

    async def record(self, observation: Observation, schedule: Schedule) -> None:
        """Keep a visit, durably."""
        ...

    async def note(self, event: ServiceEvent) -> None:
        """Keep what befell the service."""
        ...

    async def latest(self, endpoint_key: str) -> Observation | None:
        """The endpoint's newest facts."""
        ...

    async def last_visits(self, endpoint_keys: Collection[str]) -> Mapping[str, LastVisit]:
        """When each of the endpoints was visited last, and is due."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How endpoints are visited: beside others, or ``alone`` in a process of its own."""

    beside_others: Visiting
    alone: Visiting


class Visitor:
    """Makes the visits of jobs, any number of jobs side by side."""

    def __init__(
        self,
        *,
        ways: Ways,
        records: Records,
        claims: Claims,
        slots: Slots,
        clock: Clock,
        settings: SchedulerSettings,
    ) -> None:
        self._ways = ways
        self._records = records
        self._claims = claims
        self._slots = slots
        self._clock = clock
        self._settings = settings
        self._one_group_of_suspects = asyncio.Lock()
        self._dice = Random()  # noqa: S311 (jitter is no secret)

    async def visit(self, requests: Sequence[Request], worker_id: int) -> None:
        """Returns when every endpoint has been visited, by this worker or another, is set aside, or is closed.

        Raises:
            psycopg.Error: where the queue's database fails; what was recorded by then stays so.
        """
        against = await self._claims.records([request.key for request in requests])
        for group in _in_company(requests, against):
            async with self._one_group_of_suspects if group.is_suspect else nullcontext():
                await self._visit_group(group, worker_id)

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
                        visits.create_task(self._visit_one(one, visited, group.is_alone, worker_id))
        except BaseException:
            # Nobody died: what was not visited must not look as if its worker had.
            await asyncio.shield(with_patience(lambda: self._claims.put_back(keys, worker_id)))
            raise

    async def _visit_one(
        self, request: Request, last: LastVisit | None, is_alone: bool, worker_id: int
    ) -> None:
        before = None if last is None else last.schedule
        try:
            observation = await self._observe(request, before, is_alone)
        except DiedAloneError:
            await self._set_aside(request.endpoint, before, worker_id)
            return
        except _ClosedError:
            # The scheduler plans it anew when it finds the job over.
            _LOG.info("%s is not visited, for it is closed now", request.key)
            await with_patience(lambda: self._claims.put_back([request.key], worker_id))
            return
        pace = self._settings.pace_of(request.endpoint.target)
        schedule = schedule_after(observation, before, pace, self._clock.now(), self._dice)
        await self._record(observation, schedule, worker_id)

    async def _record(self, observation: Observation, schedule: Schedule, worker_id: int) -> None:
        """Keeps the visit where the claim is still ours, as soon as the database lets us; once at most."""
        key, is_recorded = schedule.endpoint_key, False

        async def settle() -> bool:
            nonlocal is_recorded
            async with self._claims.settling(key, worker_id) as is_ours:
                if is_ours and not is_recorded:
                    await self._keep(observation, schedule)
                    is_recorded = True
            return is_ours or is_recorded

        if not await with_patience(settle):
            _LOG.warning("%s was given to another worker during the visit", key)

    async def _keep(self, observation: Observation, schedule: Schedule) -> None:
        try:
            await self._records.record(observation, schedule)
        except UnkeepableError as error:
            _LOG.error("gave up storing a visit to %s: %s", schedule.endpoint_key, error)
            reason = "What the visit learnt cannot be stored."
            bare = _error(observation.endpoint, observation.started_at, observation.cost, reason)
            await self._records.record(bare, schedule)

    async def _observe(
        self, request: Request, before: Schedule | None, is_alone: bool
    ) -> Observation:
        """What the visit comes to; the first failure in a row counts only if it repeats itself."""
        has_failed = before is not None and before.consecutive_failures > 0
        visit = self._ways.alone if is_alone else self._ways.beside_others
        known = None
        if request.is_to_verify and not has_failed:
            known = await self._known(request.endpoint)
        observation = await self._visit_once(visit, request.endpoint, known)
        if observation.answered_as_tls or has_failed:
            return observation
        await asyncio.sleep(self._settings.early_retry_seconds)
        return await self._visit_once(visit, request.endpoint, None)

    async def _visit_once(
        self, visit: Visiting, endpoint: Endpoint, known: Observation | None
    ) -> Observation:
        async with self._slots.one():
            if self._settings.pace_of(endpoint.target).closed_seconds(self._clock.now()):
                raise _ClosedError
            started_at, began = self._clock.now(), self._clock.monotonic()
            try:
                return await visit(endpoint, known)
            except (DiedAloneError, NoProcessError):
                raise
            except Exception as fault:
                _LOG.exception("the visit to %s failed", endpoint.key)
                cost = Cost(duration_seconds=self._clock.monotonic() - began)
                reason = f"A fault of ours: the visit ended with {type(fault).__name__}."
                return _error(endpoint, started_at, cost, reason)

    async def _known(self, endpoint: Endpoint) -> Observation | None:
        known = await with_patience(lambda: self._records.latest(endpoint.key))
        return known if known is not None and known.tool_version == TOOL_VERSION else None

    async def _set_aside(self, endpoint: Endpoint, before: Schedule | None, worker_id: int) -> None:
        now = self._clock.now()
        until = now + timedelta(seconds=SET_ASIDE_SECONDS)
        reason = (
            f"{MOST_DEATHS} processes died at visits to it, the last one with nothing else to do: "
            f"it is left alone until {until:%Y-%m-%d %H:%M} UTC."
        )
        observation = _error(endpoint, now, Cost(), reason)
        pace = self._settings.pace_of(endpoint.target)
        schedule = schedule_after(observation, before, pace, now, self._dice)
        _LOG.error("%s is set aside: %s", endpoint.key, reason)
        put_off = replace(schedule, due_at=until)
        await with_patience(lambda: self._records.record(observation, put_off))
        sentence = f"{endpoint.key} is set aside: {reason}"
        event = ServiceEvent(at=now, kind="endpoint_set_aside", sentence=sentence)
        await with_patience(lambda: self._records.note(event))
        await with_patience(lambda: self._claims.set_aside(endpoint.key, worker_id))


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Group:
    """Endpoints that are visited side by side, behind the groups before; or one in a process of its own."""

    requests: tuple[Request, ...]
    is_suspect: bool = False
    is_alone: bool = False


def _in_company(requests: Sequence[Request], against: Mapping[str, Record]) -> list[_Group]:
    """The groups in their order: the larger the company, the less there is against its members."""
    free = [one for one in requests if not against.get(one.key, INNOCENT).is_set_aside]
    by_deaths: dict[int, list[Request]] = {0: [], 1: [], 2: []}
    for request in free:
        by_deaths[min(2, against.get(request.key, INNOCENT).deaths)].append(request)
    clean, suspects, accused = by_deaths.values()
    size = _GROUP_OF_SUSPECTS
    return [
        *([_Group(requests=tuple(clean))] if clean else []),
        *(
            _Group(requests=tuple(suspects[at : at + size]), is_suspect=True)
            for at in range(0, len(suspects), size)
        ),
        *(_Group(requests=(one,), is_alone=True) for one in accused),
    ]


async def with_patience(ask: Callable[[], Awaitable[T]]) -> T:
    """What the database answers, as soon as it does: a worker holds what it has learnt until it is kept.

    Raises:
        AnotherVersionError: where that will never be.
    """
    pause = _PAUSE_SECONDS
    while True:
        try:
            return await ask()
        except AnotherVersionError:
            raise
        except (StoreError, psycopg.OperationalError, PoolTimeout) as error:
            _LOG.warning("the database is asked again in %g s: %s", pause, error)
        await asyncio.sleep(pause)
        pause = min(_LONGEST_PAUSE_SECONDS, 2 * pause)
