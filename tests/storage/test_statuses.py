"""What successive snapshots share, and that the Store drops objects that nothing else uses."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

from storage import SqlStore
from tests.storage.samples import certificate, observation, schedule


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
