"""The one loop of all scans: each address once, in order, a limited number at a time, and a result per target."""

from __future__ import annotations

import asyncio

from model.clock import SystemClock
from model.observation import Cost, Mode, Observation, State
from model.target import Endpoint, Target
from model.target_labels import ADDRESS_FAMILY
from scheduling.resolve import AddressFamily
from scheduling.scan import MAX_CONCURRENT_PROBES, Scan


def target_at(number: int) -> Target:
    return Target(host=f"127.0.0.{number}", port=443, server_name=None)


def seen(endpoint: Endpoint) -> Observation:
    return Observation(
        tool_version="1",
        mode=Mode.ENUMERATE,
        endpoint=endpoint,
        started_at=SystemClock().now(),
        cost=Cost(),
        state=State.TLS,
    )


async def test_each_address_is_visited_once() -> None:
    asked: list[str] = []

    async def visit(endpoint: Endpoint) -> Observation:
        asked.append(endpoint.key)
        return seen(endpoint)

    target = Target(host="localhost", port=443, server_name="localhost")
    found = await Scan(visit, SystemClock(), AddressFamily.IPV4).probe(target)

    assert [one.endpoint.address for one in found] == ["127.0.0.1"]
    assert asked == [one.endpoint.key for one in found]


async def test_a_target_without_an_address_is_an_observation_with_a_reason() -> None:
    async def visit(endpoint: Endpoint) -> Observation:
        raise AssertionError(endpoint)

    target = Target(host="127.0.0.1", port=443, server_name=None, labels={ADDRESS_FAMILY: "both"})
    (found,) = await Scan(visit, SystemClock()).probe(target)

    assert (found.state, found.endpoint.address) == (State.DNS_ERROR, None)
    assert ADDRESS_FAMILY in (found.reason or "")


async def test_the_number_of_concurrent_visits_is_limited() -> None:
    running = most = 0
    all_places_taken, may_end = asyncio.Event(), asyncio.Event()

    async def visit(endpoint: Endpoint) -> Observation:
        nonlocal running, most
        running += 1
        most = max(most, running)
        if running == MAX_CONCURRENT_PROBES:
            all_places_taken.set()
        await may_end.wait()
        running -= 1
        return seen(endpoint)

    scan = Scan(visit, SystemClock())
    async with asyncio.TaskGroup() as group:
        probes = [
            group.create_task(scan.probe(target_at(n)))
            for n in range(1, 2 * MAX_CONCURRENT_PROBES + 1)
        ]
        await all_places_taken.wait()
        may_end.set()

    assert most == MAX_CONCURRENT_PROBES
    assert [probe.result()[0].endpoint.target for probe in probes] == [
        target_at(n) for n in range(1, 2 * MAX_CONCURRENT_PROBES + 1)
    ]
