"""An address's share: never exceeded, halved once per trouble, restored slowly, never lost."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki.net_guard.politeness import AddressGate, Politeness, network_of
from probe.visit.settings import ProbeSettings
from tests.scheduling.virtual_time import run_virtually


async def fill(gate: AddressGate, visitors: int) -> int:
    """Lets in as many visitors as the gate allows; returns the maximum number that were inside."""
    inside = most = 0

    async def visitor() -> None:
        nonlocal inside, most
        async with gate.place():
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(visitor() for _ in range(visitors)))
    return most


async def trouble(gate: AddressGate) -> None:
    async with gate.place() as epoch:
        gate.trouble(epoch)


async def test_no_more_visits_run_than_the_share_allows() -> None:
    assert await fill(AddressGate(4), 20) == 4


async def test_trouble_halves_the_share() -> None:
    gate = AddressGate(4)
    await trouble(gate)
    assert await fill(gate, 20) == 2


async def test_simultaneous_connections_in_trouble_count_once() -> None:
    gate = AddressGate(8)
    async with gate.place() as first, gate.place() as second:
        gate.trouble(first)
        gate.trouble(second)
    assert await fill(gate, 20) == 4


def test_a_server_without_room_gets_half_of_the_rate_too() -> None:
    """Once for all connections that were open at the time."""

    async def fifth_start() -> float:
        gate = AddressGate(4, per_second=8)
        async with gate.place() as first, gate.place() as second:
            gate.turned_away(first)
            gate.turned_away(second)
        began = asyncio.get_running_loop().time()
        for _ in range(5):
            await gate.pace()
        assert await fill(gate, 20) == 2
        return asyncio.get_running_loop().time() - began

    assert run_virtually(fifth_start()) == pytest.approx(1.0)


async def test_answers_restore_all_but_the_limit_that_was_too_high() -> None:
    gate = AddressGate(4)
    await trouble(gate)
    for _ in range(100):
        gate.answered()
    assert await fill(gate, 20) == 3


async def test_the_share_of_an_address_that_answers_quickly_grows_up_to_its_limit() -> None:
    gate = AddressGate(4, most_if_quick=10)
    gate.answered_quickly()
    assert await fill(gate, 20) == 6
    for _ in range(10):
        gate.answered_quickly()
    assert await fill(gate, 20) == 10


async def test_the_share_does_not_grow_without_such_a_limit() -> None:
    gate = AddressGate(4)
    gate.answered_quickly()
    assert await fill(gate, 20) == 4


async def test_trouble_ends_the_growth() -> None:
    gate = AddressGate(4, most_if_quick=10)
    gate.answered_quickly()
    await trouble(gate)
    for _ in range(100):
        gate.answered()
        gate.answered_quickly()
    assert await fill(gate, 20) == 5


async def test_there_is_always_one_slot() -> None:
    gate = AddressGate(4)
    for _ in range(10):
        await trouble(gate)
    assert await fill(gate, 5) == 1


@given(st.lists(st.sampled_from(["enter", "leave", "cancel", "trouble", "answered"]), max_size=40))
async def test_no_slot_is_ever_lost(deeds: list[str]) -> None:
    """However visitors come, go, give up or meet trouble, the gate finally lets all of them in."""
    gate = AddressGate(3)
    leave = asyncio.Event()

    async def visitor() -> None:
        async with gate.place():
            await leave.wait()

    visitors: list[asyncio.Task[None]] = []
    for deed in deeds:
        match deed:
            case "enter":
                visitors.append(asyncio.create_task(visitor()))
            case "leave":
                leave.set()
                await asyncio.sleep(0)
                leave = asyncio.Event()
            case "cancel" if visitors:
                visitors.pop().cancel()
            case "trouble":
                gate.trouble(len(visitors) % 2)
            case _:
                gate.answered()
        await asyncio.sleep(0)
    for task in visitors:
        task.cancel()
    await asyncio.gather(*visitors, return_exceptions=True)
    async with asyncio.timeout(5):
        assert await fill(gate, 6) >= 1


async def test_visits_to_one_address_share_its_gate() -> None:
    politeness = Politeness(ProbeSettings())
    assert politeness.gate("127.0.0.1") is politeness.gate("127.0.0.1")


async def test_open_connections_are_limited_over_all_addresses() -> None:
    politeness = Politeness(ProbeSettings(connections_open=2, connections_per_second=100_000))
    assert await most_inside(politeness, [f"127.0.0.{last}" for last in range(1, 9)]) == 2


async def test_visits_apart_wait_for_none_of_the_others() -> None:
    one_at_once = ProbeSettings(connections_open=1, connections_per_second=20)
    scheduled = Politeness(one_at_once)
    on_demand = scheduled.apart(one_at_once)
    gate = scheduled.gate("127.0.0.1")
    other_gate = on_demand.gate("127.0.0.1")
    async with asyncio.timeout(5), scheduled.connection(gate), on_demand.connection(other_gate):
        assert on_demand.connect_errors is scheduled.connect_errors


@pytest.mark.parametrize(
    ("first", "second", "are_one"),
    [
        ("192.0.2.1", "192.0.2.254", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("2001:db8:1::1", "2001:db8:1:2::3", True),
        ("2001:db8:1::1", "2001:db8:2::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
    ],
)
def test_networks_are_slash_24_and_slash_48(first: str, second: str, are_one: bool) -> None:
    assert (network_of(first) == network_of(second)) is are_one


async def most_inside(politeness: Politeness, addresses: list[str]) -> int:
    """The maximum number of connections to these addresses that are open at the same time."""
    inside = most = 0

    async def visitor(address: str) -> None:
        nonlocal inside, most
        async with politeness.connection(politeness.gate(address)):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*map(visitor, addresses))
    return most


async def test_addresses_of_one_network_share_its_connections() -> None:
    settings = ProbeSettings(connections_per_network=3, connections_per_second=10_000)
    addresses = [f"192.0.2.{number}" for number in range(1, 30)]
    assert await most_inside(Politeness(settings), addresses) == 3


async def test_all_addresses_of_a_host_name_share_its_connections() -> None:
    settings = ProbeSettings(connections_per_host=5, connections_per_second=10_000)
    politeness = Politeness(settings)
    addresses = [f"192.0.{number}.1" for number in range(30)]
    both = await asyncio.gather(
        most_inside(politeness.for_host("a.test"), addresses[:15]),
        most_inside(politeness.for_host("a.test"), addresses[15:]),
    )
    assert max(both) <= 5
    assert await most_inside(politeness.for_host("a.test"), addresses) == 5
    assert politeness.for_host("192.0.2.1") is politeness


def test_an_address_gets_no_more_new_connections_a_second_than_allowed() -> None:
    """Even if visits follow one another."""

    async def story() -> list[float]:
        settings = ProbeSettings(connections_per_address_per_second=5)
        politeness = Politeness(settings)
        began: list[float] = []
        for _ in range(4):
            gate = politeness.gate("127.0.0.1")
            for _ in range(5):
                async with politeness.connection(gate):
                    began.append(asyncio.get_running_loop().time())
            del gate
        return began

    began = run_virtually(story())
    for position, moment in enumerate(began[5:], start=5):
        assert moment - began[position - 5] >= 0.99


async def test_costly_visits_take_turns_of_one_request_each() -> None:
    politeness, inside = Politeness(ProbeSettings()), 0

    async def question() -> int:
        nonlocal inside
        async with politeness.for_host("a.example").turn_of_heavy(60.0) as has_turn:
            assert has_turn
            inside += 1
            most = inside
            await asyncio.sleep(0)
            inside -= 1
            return most

    assert set(await asyncio.gather(*(question() for _ in range(20)))) == {1}


def test_a_turn_that_times_out_is_given_to_the_next_waiter() -> None:
    async def wait() -> tuple[bool, bool]:
        politeness = Politeness(ProbeSettings())
        async with politeness.turn_of_heavy(1.0), politeness.turn_of_heavy(5.0) as late:
            pass
        async with politeness.turn_of_heavy(1.0) as next_one:
            return late, next_one

    assert run_virtually(wait()) == (False, True)


def test_a_loop_that_ends_closes_open_connections_without_an_error() -> None:
    problems: list[str] = []
    held: list[AsyncExitStack] = []

    async def open_some() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: problems.append(context["message"]))
        politeness = Politeness(ProbeSettings())
        for number in range(20):
            stack = AsyncExitStack()
            gate = politeness.gate(f"127.0.0.{number}")
            await stack.enter_async_context(politeness.connection(gate))
            held.append(stack)

    asyncio.run(open_some())
    assert problems == []
