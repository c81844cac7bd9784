"""A worker's visits with real claims and a real Store; the test sets the clock and counts visits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time

import pytest

from model.observation import Cost, Mode, Observation, State
from model.target import Endpoint
from model.verification.remembered import Known
from model.version import TOOL_VERSION
from scheduling.interval import Closed, IntervalPolicy
from scheduling.jobs import SchedulerSettings
from service.fleet.leases import Leases
from service.fleet.limiter import Limiter
from service.fleet.queue import Queue, Times
from service.fleet.visitor import Visitor, Ways
from storage import SqlStore
from tests.service.fleet.test_batches import request

pytestmark = pytest.mark.integration

NIGHT = Closed(begin=time(22), end=time(6))
SETTINGS = SchedulerSettings(
    paces=(IntervalPolicy(match={"zone": "a"}, closed=(NIGHT,)), IntervalPolicy()),
    early_retry_seconds=0.0,
)
SLEEPER = request("sleeper.example", "192.0.2.1", zone="a")
OTHER = request("other.example", "192.0.2.2")


@dataclass(slots=True)
class SetClock:
    """Implements ``model.ports.Clock``: it stands still until it is set."""

    at: datetime = datetime(2026, 3, 1, 23, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


@dataclass(slots=True)
class World:
    """A worker, and the endpoints that it visited."""

    store: SqlStore
    claims: Leases
    worker_id: int
    clock: SetClock = field(default_factory=SetClock)
    visited: list[str] = field(default_factory=list)
    slots: Limiter = field(default_factory=lambda: Limiter(4))
    state: State = State.TLS
    night_falls_at_the_first_visit: bool = False
    stops_at_the_first_visit: bool = False

    def visitor(self) -> Visitor:
        return Visitor(
            ways=Ways(beside_others=self.visit, alone=self.visit),
            records=self.store,
            claims=self.claims,
            slots=self.slots,
            clock=self.clock,
            settings=SETTINGS,
        )

    async def visit(self, endpoint: Endpoint, known: Known | None) -> Observation:
        del known
        self.visited.append(endpoint.target.host)
        if self.night_falls_at_the_first_visit:
            self.clock.at = self.clock.at.replace(hour=23)
        if self.stops_at_the_first_visit:
            self.slots.close()
        return Observation(
            tool_version=TOOL_VERSION,
            mode=Mode.ENUMERATE,
            endpoint=endpoint,
            started_at=self.clock.at,
            cost=Cost(),
            state=self.state,
        )

    async def stored(self) -> set[str]:
        return {one.observation.endpoint.target.host for one in await self.store.statuses()}


@pytest.fixture
async def world(postgresql_url: str) -> AsyncIterator[World]:
    async with (
        await SqlStore.open(postgresql_url) as store,
        Queue(postgresql_url, Times(dead_after=20)).open() as queue,
    ):
        await queue.prepare(may_remake=False)
        worker_id = await queue.app.job_manager.register_worker()
        yield World(store=store, claims=Leases(queue.pool, 20), worker_id=worker_id)


async def test_a_visit_that_waits_into_a_maintenance_window_is_released_and_made_after_it(
    world: World,
) -> None:
    await world.visitor().visit([SLEEPER, OTHER], world.worker_id)
    assert world.visited == ["other.example"]
    assert await world.stored() == {"other.example"}
    keys = [SLEEPER.key, OTHER.key]
    assert await world.claims.records(keys) == {}, "no endpoint is leased or suspected"
    world.clock.at = datetime(2026, 3, 2, 6, tzinfo=UTC)
    await world.visitor().visit([SLEEPER], world.worker_id)
    assert world.visited == ["other.example", "sleeper.example"]
    assert await world.stored() == {"other.example", "sleeper.example"}


async def test_a_failure_is_not_retried_in_a_maintenance_window_and_does_not_count_alone(
    world: World,
) -> None:
    world.clock.at = datetime(2026, 3, 1, 21, 59, tzinfo=UTC)
    world.state, world.night_falls_at_the_first_visit = State.TIMEOUT, True
    await world.visitor().visit([SLEEPER], world.worker_id)
    assert world.visited == ["sleeper.example"]
    assert await world.stored() == set()
    assert await world.claims.records([SLEEPER.key]) == {}


async def test_a_worker_that_stops_ends_its_visit_and_releases_those_that_wait(
    world: World,
) -> None:
    world.slots, world.stops_at_the_first_visit = Limiter(1), True
    world.clock.at = datetime(2026, 3, 2, 6, tzinfo=UTC)
    await world.visitor().visit([OTHER, SLEEPER], world.worker_id)
    assert world.visited == ["other.example"]
    assert await world.stored() == {"other.example"}
    assert await world.claims.records([OTHER.key, SLEEPER.key]) == {}
