from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given

from model.observation import Observation
from model.observation_json import to_json
from model.ports import Schedule
from model.snapshot import EndpointStatus
from service.inventory import Inventory, without_evidence
from tests.service.samples import NOW, failed, modern
from tests.strategies import observations


class HandClock:
    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()


class ListStore:
    """A Store of lists, which can be told to fail."""

    def __init__(self) -> None:
        self.recorded: list[tuple[Observation, Schedule]] = []
        self.is_broken = False

    async def record(self, observation: Observation, schedule: Schedule) -> None:
        if self.is_broken:
            raise OSError("the disk is full")
        self.recorded.append((observation, schedule))

    async def schedules(self) -> Sequence[Schedule]:
        return [schedule for _, schedule in self.recorded]

    async def statuses(self) -> Sequence[EndpointStatus]:
        return []


def schedule_of(observation: Observation, failures: int = 0) -> Schedule:
    return Schedule(
        endpoint_key=observation.endpoint.key,
        due_at=NOW + timedelta(hours=1),
        interval_seconds=3600.0,
        consecutive_failures=failures,
    )


@pytest.fixture
def store() -> ListStore:
    return ListStore()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def current() -> set[str]:
    return {modern().endpoint.key, failed().endpoint.key}


@pytest.fixture
def inventory(store: ListStore, clock: HandClock, current: set[str]) -> Inventory:
    return Inventory(store, clock, lambda: current)


def keys(inventory: Inventory) -> list[str]:
    return [status.observation.endpoint.key for status in inventory.snapshot().endpoints]


async def test_a_visit_is_in_the_snapshot_and_in_the_store(
    inventory: Inventory, store: ListStore
) -> None:
    observation = modern()
    await inventory.record(observation, schedule_of(observation))
    (status,) = inventory.snapshot().endpoints
    assert status.last_probe_at == status.last_success_at == NOW + timedelta(seconds=0.25)
    assert status.interval_seconds == 3600.0
    assert store.recorded == [(observation, schedule_of(observation))]


async def test_a_failure_keeps_the_last_success(inventory: Inventory) -> None:
    up = modern()
    down = replace(failed(), endpoint=up.endpoint, started_at=NOW + timedelta(hours=1))
    await inventory.record(up, schedule_of(up))
    await inventory.record(down, schedule_of(down, failures=1))
    (status,) = inventory.snapshot().endpoints
    assert status.last_success_at == NOW + timedelta(seconds=0.25)
    assert status.last_probe_at == NOW + timedelta(hours=1, seconds=5)
    assert status.consecutive_failures == 1


async def test_an_endpoint_that_left_the_inventory_is_in_no_snapshot(
    inventory: Inventory, current: set[str]
) -> None:
    for observation in (modern(), failed()):
        await inventory.record(observation, schedule_of(observation))
    current.discard(modern().endpoint.key)
    assert keys(inventory) == [failed().endpoint.key]


async def test_an_endpoint_that_comes_back_soon_has_its_facts_at_once(
    inventory: Inventory, current: set[str], clock: HandClock
) -> None:
    await inventory.record(modern(), schedule_of(modern()))
    current.clear()
    assert keys(inventory) == []
    current.add(modern().endpoint.key)
    assert keys(inventory) == [modern().endpoint.key]
    current.clear()
    clock.time += timedelta(days=8)
    inventory.snapshot()
    current.add(modern().endpoint.key)
    assert keys(inventory) == []


async def test_facts_are_shown_while_the_store_fails(
    inventory: Inventory, store: ListStore
) -> None:
    store.is_broken = True
    with pytest.raises(OSError, match="the disk is full"):
        await inventory.record(modern(), schedule_of(modern()))
    assert keys(inventory) == [modern().endpoint.key]


def test_what_the_store_remembers_is_shown_after_a_restart(inventory: Inventory) -> None:
    remembered = EndpointStatus(
        observation=modern(),
        last_probe_at=NOW,
        last_success_at=NOW,
        consecutive_failures=0,
        interval_seconds=60.0,
    )
    inventory.remember([remembered])
    (status,) = inventory.snapshot().endpoints
    assert status == replace(remembered, observation=without_evidence(modern()))


@given(observations())
def test_all_facts_stay_and_all_evidence_goes(observation: Observation) -> None:
    bare = without_evidence(observation)
    assert to_json(bare, with_evidence=False) == to_json(observation, with_evidence=False)
    assert "'offer'" not in str(to_json(bare))
    assert bare.endpoint.target.source == observation.endpoint.target.source
    assert all(each.der is None for chain in bare.certificates for each in chain.chain)
