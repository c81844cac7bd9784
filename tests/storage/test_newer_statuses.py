"""All statuses are read at a start in parts, each with the same few statements, and equal facts are decoded once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from model.snapshot import EndpointStatus
from policy import PolicySet
from service.judging.policy_evaluator import PolicyEvaluator
from storage import SqlStore
from tests.policy.observed import policy
from tests.storage.samples import certificate, observation, refusal, schedule
from tests.storage.statements import selects, statements

POLICIES = (
    policy("web", {"protocol_versions": {"allowed": ["TLSv1.2"]}}),
    policy("reach", {"reachable": {}}),
)
STATEMENTS_OF_A_PART = 5
"""Statuses, facts, findings, the results of findings, and compliance."""


def never(_: str) -> None:
    return


async def record(store: SqlStore, count: int, *, hour: int = 0) -> None:
    """Visit endpoints of one configuration with a leaf each, and one that refuses."""
    evaluator = PolicyEvaluator(PolicySet(policies=POLICIES))
    issuer = certificate(b"issuer")
    for number in range(count):
        host = f"host{number}.example"
        chain = [certificate(host.encode()), issuer]
        seen = (
            refusal(host, hour=hour) if number == 1 else observation(host, chain=chain, hour=hour)
        )
        await store.record_visit(await evaluator.judge(seen, schedule(seen)))


async def read(store: SqlStore, at_once: int) -> list[EndpointStatus]:
    parts = [part async for part in store.newer_statuses(never, at_once=at_once)]
    assert all(len(part) <= at_once for part in parts)
    return [status for part in parts for status in part]


async def test_the_parts_are_the_statuses(store: SqlStore) -> None:
    assert await read(store, 3) == []
    await record(store, 5)
    await record(store, 2, hour=1)
    expected = by_key(await store.statuses())
    assert len(expected) == 5
    assert {finding.result.rule for one in expected.values() for finding in one.findings} == {
        "protocol_versions",
        "reachable",
    }
    for at_once in (1, 2, 5, 9):
        assert by_key(await read(store, at_once)) == expected


def by_key(statuses: Sequence[EndpointStatus]) -> Mapping[str, EndpointStatus]:
    found = {one.observation.endpoint.key: one for one in statuses}
    assert len(found) == len(statuses), "no endpoint is there twice"
    return found


async def test_a_part_takes_the_same_statements_whatever_its_size(store: SqlStore) -> None:
    await record(store, 6)
    for at_once, parts in ((9, 1), (4, 2)):
        with statements() as executed:
            await read(store, at_once)
        assert selects(executed) == STATEMENTS_OF_A_PART * parts


async def test_equal_facts_are_decoded_once(store: SqlStore) -> None:
    await record(store, 4)
    first, _, *others = await read(store, 2)
    for one in others:
        assert one.observation.protocols is first.observation.protocols
        assert one.observation.cipher_suites is first.observation.cipher_suites
        assert one.observation.endpoint.target.labels is first.observation.endpoint.target.labels
        issuers = (each.observation.certificates[0].chain[1] for each in (one, first))
        assert len(set(map(id, issuers))) == 1


async def test_a_status_that_the_caller_knows_is_not_read(store: SqlStore) -> None:
    await record(store, 3)
    known: dict[str, datetime] = {
        one.observation.endpoint.key: one.last_probe_at for one in await read(store, 9)
    }
    with statements() as executed:
        assert [part async for part in store.newer_statuses(known.get)] == [()]
    assert selects(executed) == 1
    await record(store, 1, hour=1)
    (part,) = [part async for part in store.newer_statuses(known.get)]
    assert [one.observation.endpoint.target.host for one in part] == ["host0.example"]


async def test_the_policies_are_known_if_the_newest_visit_was_judged(store: SqlStore) -> None:
    await record(store, 2)
    digests = {one.name: one.digest for one in POLICIES}
    assert [one.policies for one in await read(store, 9)] == [digests, digests]
    unjudged = observation("host0.example", hour=1)
    await store.record(unjudged, schedule(unjudged))
    assert [one.policies for one in await read(store, 9)] == [None, digests]
    evaluator = PolicyEvaluator()
    without = replace(unjudged, started_at=unjudged.ended_at)
    await store.record_visit(await evaluator.judge(without, schedule(without)))
    assert [one.policies for one in await read(store, 9)] == [{}, digests]
