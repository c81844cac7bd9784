from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from model.target import Endpoint, Target
from service.fleet.batches import Batch, Batches
from service.fleet.request import Request

SIZE = 5
ADDRESSES = [f"192.0.2.{number}" for number in range(1, 9)]
ZONES = ["", "dmz", "office"]


def request(name: str, address: str, zone: str = "") -> Request:
    labels = {"zone": zone} if zone else {}
    target = Target(host=name, port=443, server_name=name, labels=labels)
    return Request(
        endpoint=Endpoint(target=target, address=address), visited_at=None, is_to_verify=False
    )


def keys(batches: list[Batch]) -> list[list[str]]:
    return [sorted(one.endpoint.target.host for one in batch.requests) for batch in batches]


def test_endpoints_of_one_address_are_in_one_job() -> None:
    batches = Batches(2)
    for name, address in (("a", "192.0.2.1"), ("b", "192.0.2.2"), ("c", "192.0.2.1")):
        batches.add(request(name, address))
    assert keys(batches.take()) == [["a", "c"], ["b"]]


def test_a_later_request_for_an_address_waits_until_its_job_ends() -> None:
    batches = Batches(SIZE)
    batches.add(request("a", "192.0.2.1"))
    [first] = batches.take()
    batches.add(request("b", "192.0.2.1"))
    assert batches.take() == []
    batches.over(first.addresses)
    assert keys(batches.take()) == [["b"]]


def test_a_job_of_the_previous_leader_reserves_its_addresses() -> None:
    batches = Batches(SIZE)
    batches.add(request("a", "192.0.2.1"))
    batches.are_out(["192.0.2.1"])
    assert batches.take() == []
    batches.over(["192.0.2.1"])
    assert keys(batches.take()) == [["a"]]


def test_an_address_with_very_many_names_is_visited_in_several_consecutive_jobs() -> None:
    batches = Batches(2)
    for number in range(11):
        batches.add(request(f"n{number:02}", "192.0.2.1"))
    sizes = []
    while taken := batches.take():
        assert len(taken) == 1
        sizes.append(len(taken[0].requests))
        batches.over(taken[0].addresses)
    assert sizes == [8, 3]


def test_zones_have_separate_jobs_and_take_turns_at_an_address() -> None:
    batches = Batches(SIZE)
    batches.add(request("a", "192.0.2.1", "dmz"))
    batches.add(request("b", "192.0.2.1"))
    [first] = batches.take()
    batches.over(first.addresses)
    [second] = batches.take()
    assert {first.queue, second.queue} == {"zone=dmz", "any"}


def test_a_discarded_request_is_in_no_job() -> None:
    batches = Batches(SIZE)
    asked = request("a", "192.0.2.1")
    batches.add(asked)
    batches.discard(asked)
    batches.discard(asked)
    assert batches.take() == []
    assert len(batches) == 0


@given(
    asked=st.lists(st.tuples(st.sampled_from(ADDRESSES), st.sampled_from(ZONES)), max_size=60),
    ends=st.lists(st.integers(0, 20), max_size=60),
)
def test_every_request_is_in_one_job_and_no_address_in_two_at_once(
    asked: list[tuple[str, str]], ends: list[int]
) -> None:
    batches = Batches(SIZE)
    out: list[Batch] = []
    done: Counter[str] = Counter()
    wanted = []
    for number, (address, zone) in enumerate(asked):
        wanted.append(f"n{number}")
        batches.add(request(f"n{number}", address, zone))
        if number % 3 == 0:
            out += batches.take()
        busy = Counter(address for batch in out for address in batch.addresses)
        assert not busy or max(busy.values()) == 1
        if ends and out:
            batch = out.pop(ends.pop() % len(out))
            done.update(one.endpoint.target.host for one in batch.requests)
            batches.over(batch.addresses)
    while out or len(batches):
        out += batches.take()
        batch = out.pop()
        done.update(one.endpoint.target.host for one in batch.requests)
        batches.over(batch.addresses)
    assert done == Counter(wanted)
