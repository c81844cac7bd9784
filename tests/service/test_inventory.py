from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings

from model.encoding.observation_json import to_json
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.snapshot import EndpointStatus
from model.verdict import Evidence, Fact, Verdict
from service.inventory.inventory import Inventory
from service.inventory.without_evidence import without_evidence
from tests.service.samples import NOW, certificate, deployment, failed, modern
from tests.service.visits import finish
from tests.support.strategies import observations

pytestmark = pytest.mark.slow


class HandClock:
    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def current() -> set[str]:
    return {modern().endpoint.key, failed().endpoint.key}


@pytest.fixture
def inventory(clock: HandClock, current: set[str]) -> Inventory:
    return Inventory(clock, lambda: current)


def keys(inventory: Inventory) -> list[str]:
    return [status.observation.endpoint.key for status in inventory.snapshot().endpoints]


def test_a_visit_is_in_the_next_snapshot(inventory: Inventory) -> None:
    finish(inventory, modern())
    (status,) = inventory.snapshot().endpoints
    assert status == EndpointStatus(
        observation=without_evidence(modern()),
        last_probe_at=NOW + timedelta(seconds=0.25),
        last_success_at=NOW + timedelta(seconds=0.25),
        consecutive_failures=0,
        interval_seconds=3600.0,
        policies={},
    )


def test_a_failure_keeps_the_last_success(inventory: Inventory) -> None:
    up = modern()
    down = replace(failed(), endpoint=up.endpoint, started_at=NOW + timedelta(hours=1))
    still_down = replace(down, started_at=NOW + timedelta(hours=2))
    for observation in (up, down, still_down):
        finish(inventory, observation)
    (status,) = inventory.snapshot().endpoints
    assert status.last_success_at == NOW + timedelta(seconds=0.25)
    assert status.last_probe_at == NOW + timedelta(hours=2, seconds=5)
    assert status.consecutive_failures == 2


def test_an_answer_ends_the_count_of_failures(inventory: Inventory) -> None:
    up = modern()
    for observation in (replace(failed(), endpoint=up.endpoint), up):
        finish(inventory, observation)
    (status,) = inventory.snapshot().endpoints
    assert status.consecutive_failures == 0


def test_an_endpoint_that_left_the_inventory_is_in_no_snapshot(
    inventory: Inventory, current: set[str]
) -> None:
    for observation in (modern(), failed()):
        finish(inventory, observation)
    current.discard(modern().endpoint.key)
    assert keys(inventory) == [failed().endpoint.key]


def test_an_endpoint_that_returns_soon_has_its_facts_at_once(
    inventory: Inventory, current: set[str], clock: HandClock
) -> None:
    finish(inventory, modern())
    current.clear()
    assert keys(inventory) == []
    current.add(modern().endpoint.key)
    assert keys(inventory) == [modern().endpoint.key]
    current.clear()
    clock.time += timedelta(days=8)
    inventory.snapshot()
    current.add(modern().endpoint.key)
    assert keys(inventory) == []


def test_the_order_is_right_after_endpoints_came_and_left(
    inventory: Inventory, current: set[str]
) -> None:
    """Numbers in names count as numbers, whichever endpoint is replaced by which."""
    observed = [
        replace(modern(), endpoint=replace(modern().endpoint, address=f"192.0.2.{number}"))
        for number in (10, 9, 1, 100)
    ]
    every = [one.endpoint.key for one in observed]
    in_order = [every[2], every[1], every[0], every[3]]
    for shown in ({0, 1}, {0, 1}, {2, 1}, {2, 3}, set(), {0, 1, 2, 3}, {0}):
        current.clear()
        current.update(every[number] for number in shown)
        for number in shown:
            finish(inventory, observed[number])
        assert keys(inventory) == [key for key in in_order if key in current]


def test_stored_facts_are_shown_after_a_restart(inventory: Inventory) -> None:
    remembered = EndpointStatus(
        observation=without_evidence(modern()),
        last_probe_at=NOW,
        last_success_at=NOW,
        consecutive_failures=0,
        interval_seconds=60.0,
    )
    inventory.remember([remembered])
    assert inventory.snapshot().endpoints == (remembered,)


@settings(max_examples=30)
@given(observations())
def test_all_facts_stay_and_all_evidence_is_removed(observation: Observation) -> None:
    bare = without_evidence(observation)
    assert to_json(bare, with_evidence=False) == to_json(observation, with_evidence=False)
    assert not any(one.offer or one.answer or one.note for one in evidence_in(bare))
    # The number of contradictory answers stays known, without the answers.
    assert "'offer'" not in str(to_json(replace(bare, contradictions=())))
    assert bare.endpoint.target.source == observation.endpoint.target.source
    assert all(each.der is None for chain in bare.certificates for each in chain.chain)


def evidence_in(value: object) -> Iterator[Evidence]:
    """All evidence anywhere in a value."""
    if isinstance(value, Evidence):
        yield value
    elif is_dataclass(value) and not isinstance(value, type):
        for one in fields(value):
            yield from evidence_in(getattr(value, one.name))
    elif isinstance(value, Mapping):
        for held in value.values():
            yield from evidence_in(held)
    elif isinstance(value, tuple):
        for held in value:
            yield from evidence_in(held)


def test_a_change_has_the_time_of_the_visit_that_found_it(
    inventory: Inventory,
) -> None:
    def later(hours: int, observation: Observation) -> Observation:
        return replace(observation, started_at=NOW + timedelta(hours=hours))

    def times() -> tuple[datetime | None, datetime | None]:
        (status,) = inventory.snapshot().endpoints
        return status.config_changed_at, status.certificate_changed_at

    renewed = replace(
        modern(),
        certificates=(deployment(leaf=replace(certificate(days_left=89), sha256="cd" * 32)),),
    )
    without_tls12 = replace(
        renewed,
        protocols={**renewed.protocols, ProtocolVersion.TLSV1_2: Fact(verdict=Verdict.NO)},
    )
    seen = []
    for observation in (
        later(0, modern()),
        later(1, modern()),
        later(2, renewed),
        # A short failure does not count as a change, and later facts are compared with those before it.
        later(3, replace(failed(), endpoint=modern().endpoint)),
        later(4, without_tls12),
    ):
        finish(inventory, observation)
        seen.append(times())
    at_two, at_four = NOW + timedelta(hours=2), NOW + timedelta(hours=4)
    assert seen == [
        (None, None),
        (None, None),
        (at_two, at_two),
        (at_two, at_two),
        (at_four, at_two),
    ]
