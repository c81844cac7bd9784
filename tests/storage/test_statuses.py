"""What successive snapshots share, and that the Store drops objects that nothing else uses."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

from model.observation import Observation
from model.snapshot import EndpointStatus
from policy import PolicySet
from service.judging.policy_evaluator import PolicyEvaluator
from storage import SqlStore
from tests.policy.observed import policy
from tests.storage.samples import certificate, observation, refusal, schedule
from tests.storage.statements import statements

ALLOWS_TLS12 = {"protocol_versions": {"allowed": ["TLSv1.2"]}}


async def test_a_status_without_a_new_visit_is_the_same_object(store: SqlStore) -> None:
    first, second = observation("a.example"), observation("b.example")
    for visit in (first, second):
        await store.record(visit, schedule(visit))
    before = await store.statuses()
    again = observation("b.example", hour=1)
    await store.record(again, schedule(again))
    after = await store.statuses()
    assert after[0] is before[0]
    assert after[1].observation.started_at == again.started_at
    assert before[1].observation.started_at == second.started_at


async def test_new_labels_create_a_new_status(store: SqlStore) -> None:
    visit = observation()
    await store.record(visit, schedule(visit))
    before = await store.statuses()
    target = replace(visit.endpoint.target, labels={"team": "other"})
    told = replace(visit, endpoint=replace(visit.endpoint, target=target))
    await store.record(told, schedule(told))
    (after,) = await store.statuses()
    assert after.observation.endpoint.target.labels == {"team": "other"}
    assert before[0].observation.endpoint.target.labels == visit.endpoint.target.labels


async def test_equal_facts_of_endpoints_are_shared(store: SqlStore) -> None:
    issuer = certificate(b"issuer")
    for host in ("a.example", "b.example"):
        visit = observation(host, chain=[certificate(host.encode()), issuer])
        await store.record(visit, schedule(visit))
    one, other = (status.observation for status in await store.statuses())
    assert one.protocols is other.protocols
    assert one.certificates[0].chain[1] is other.certificates[0].chain[1]
    assert one.certificates[0].leaf != other.certificates[0].leaf


async def test_facts_that_have_not_changed_are_not_read_again(store: SqlStore) -> None:
    evaluator = PolicyEvaluator(PolicySet(policies=(policy("web", ALLOWS_TLS12),)))
    first = [observation(f"host{number}.example") for number in range(4)]
    keys = [one.endpoint.key for one in first]
    known: dict[str, EndpointStatus] = {}

    async def visit(*visits: Observation) -> list[str]:
        """Store the visits, and read the statuses; returns the statements that read facts."""
        for one in visits:
            await store.record_visit(await evaluator.judge(one, schedule(one)))
        with statements() as executed:
            known.update(
                (one.observation.endpoint.key, one)
                for one in await store.statuses_of(keys, known.get)
            )
        expected = {one.observation.endpoint.key: one for one in await store.statuses()}
        # The caller may have judged again what it has, so it is not known by which policies.
        assert {key: replace(one, policies=None) for key, one in known.items()} == {
            key: replace(one, policies=None) for key, one in expected.items()
        }
        return [one for one in executed if "observations.facts" in one or "findings" in one]

    assert await visit(*first)
    assert await visit(*(observation(f"host{number}.example", hour=1) for number in range(4))) == []
    assert known[keys[0]].observation.started_at == observation(hour=1).started_at
    assert known[keys[0]].findings
    assert await visit(observation("host1.example", hour=2, suites=("TLS_AES_256_GCM_SHA384",)))
    assert await visit(refusal("host2.example", hour=2))
    assert await visit(observation("host2.example", hour=3))
    evaluator.book = PolicySet(policies=(policy("web", {"reachable": {}}),))
    assert await visit(observation("host0.example", hour=4)), "the results of policies changed"
    assert await visit(observation("host0.example", hour=5, labels={"team": "other"})) == []
    del known[keys[3]]
    assert await visit(), "the caller does not have the status any more"


async def test_an_unreferenced_status_is_freed(store: SqlStore) -> None:
    visit = observation()
    await store.record(visit, schedule(visit))
    (status,) = await store.statuses()
    held = weakref.ref(status)
    del status
    gc.collect()
    assert held() is None
    (again,) = await store.statuses()
    assert again.observation.endpoint == visit.endpoint
