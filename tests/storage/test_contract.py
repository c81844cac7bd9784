"""What every Store guarantees to the scheduler and the service, on either database."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from model.ports import Store
from storage import SqlStore, StoreError
from storage.errors import VisitRefusedError
from tests.storage.samples import (
    INTERVAL,
    NOON,
    bare,
    certificate,
    observation,
    refusal,
    schedule,
)

pytestmark = pytest.mark.slow


async def test_the_sql_store_implements_the_store_protocol(store: SqlStore) -> None:
    by_protocol: Store = store
    assert await by_protocol.statuses() == []
    assert await by_protocol.schedules() == []


async def test_a_visit_is_restored_whole_with_its_evidence(store: SqlStore) -> None:
    visit = observation(chain=[certificate(b"leaf")])
    await store.record(visit, schedule(visit))
    assert [status.observation for status in await store.statuses()] == [bare(visit)]
    assert await store.observations(visit.endpoint.key) == [visit]


async def test_the_source_of_a_target_is_restored_although_the_json_lacks_it(
    store: SqlStore,
) -> None:
    visit = observation(source="file:other.yml")
    await store.record(visit, schedule(visit))
    (status,) = await store.statuses()
    assert status.observation.endpoint.target.source == "file:other.yml"


async def test_equal_facts_update_the_newest_observation(store: SqlStore) -> None:
    first, second = observation(hour=0), observation(hour=1)
    await store.record(first, schedule(first))
    await store.record(second, schedule(second))
    assert await store.observations(first.endpoint.key) == [first]


async def test_a_status_has_the_circumstances_of_the_newest_visit_and_no_proofs(
    store: SqlStore,
) -> None:
    first, second = observation(hour=0), observation(hour=1)
    await store.record(first, schedule(first))
    await store.record(second, schedule(second))
    (status,) = await store.statuses()
    assert status.observation == replace(
        bare(first),
        started_at=second.started_at,
        cost=second.cost,
        tool_version=second.tool_version,
        mode=second.mode,
    )


async def test_each_change_of_facts_is_stored_newest_first(store: SqlStore) -> None:
    visits = [
        observation(hour=0, suites=["TLS_AES_128_GCM_SHA256"]),
        observation(hour=1, suites=["TLS_AES_256_GCM_SHA384"]),
        observation(hour=2, suites=["TLS_AES_128_GCM_SHA256"]),
    ]
    for visit in visits:
        await store.record(visit, schedule(visit))
    assert await store.observations(visits[0].endpoint.key) == [visits[0], visits[1], visits[0]]


async def test_history_is_limited_to_the_newest(store: SqlStore) -> None:
    visits = [observation(hour=hour, suites=[f"SUITE_{hour}"]) for hour in range(3)]
    for visit in visits:
        await store.record(visit, schedule(visit))
    assert await store.observations(visits[0].endpoint.key, limit=2) == visits[:0:-1]


async def test_visits_recorded_at_once_keep_their_order(store: SqlStore) -> None:
    visits = [observation(hour=hour, suites=[f"SUITE_{hour % 7}"]) for hour in range(60)]
    await asyncio.gather(*(store.record(visit, schedule(visit)) for visit in visits))
    firsts = [visits[hour % 7] for hour in range(60)]
    assert await store.observations(visits[0].endpoint.key) == firsts[::-1]
    (status,) = await store.statuses()
    assert status.observation == bare(visits[-1])


async def test_a_failed_visit_is_the_newest_status_and_keeps_the_last_success(
    store: SqlStore,
) -> None:
    good, bad = observation(hour=0), refusal(hour=1)
    await store.record(good, schedule(good))
    await store.record(bad, schedule(bad, failures=1))
    (status,) = await store.statuses()
    assert status.observation == bad
    assert status.last_probe_at == NOON + timedelta(hours=1, seconds=0.5)
    assert status.last_success_at == NOON + timedelta(seconds=0.25)
    assert status.consecutive_failures == 1
    assert status.interval_seconds == INTERVAL.total_seconds()


async def test_an_endpoint_that_never_answered_has_no_last_success(store: SqlStore) -> None:
    bad = refusal()
    await store.record(bad, schedule(bad, failures=1))
    (status,) = await store.statuses()
    assert status.last_success_at is None


async def test_a_reason_in_other_words_is_not_a_change_of_facts(store: SqlStore) -> None:
    first = refusal(hour=0, reason="refused after 3 ms")
    second = refusal(hour=1, reason="refused after 4 ms")
    await store.record(first, schedule(first))
    await store.record(second, schedule(second))
    assert await store.observations(first.endpoint.key) == [first]
    (status,) = await store.statuses()
    assert status.observation.reason == "refused after 4 ms"


async def test_statuses_are_ordered_by_endpoint_key(store: SqlStore) -> None:
    visits = [observation(host) for host in ("b.example", "B.example", "a-b.example", "ab.example")]
    await asyncio.gather(*(store.record(visit, schedule(visit)) for visit in visits))
    keys = [status.observation.endpoint.key for status in await store.statuses()]
    assert keys == sorted(visit.endpoint.key for visit in visits)


async def test_statuses_read_again_are_up_to_date(store: SqlStore) -> None:
    for hour, suite in enumerate(["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"]):
        visit = observation(hour=hour, suites=[suite])
        await store.record(visit, schedule(visit))
        (status,) = await store.statuses()
        assert status.observation == bare(visit)


async def test_endpoints_of_one_target_are_separate(store: SqlStore) -> None:
    one = observation()
    other = replace(one, endpoint=replace(one.endpoint, address="127.0.0.2"))
    nowhere = replace(refusal(), endpoint=replace(one.endpoint, address=None))
    for visit in (one, other, nowhere):
        await store.record(visit, schedule(visit))
    addresses = {status.observation.endpoint.address for status in await store.statuses()}
    assert addresses == {"127.0.0.1", "127.0.0.2", None}


async def test_a_certificate_is_stored_raw_and_found_by_its_hash(store: SqlStore) -> None:
    leaf = certificate(b"leaf")
    visit = observation(chain=[leaf, leaf, certificate(b"issuer")])
    await store.record(visit, schedule(visit))
    assert await store.certificate(leaf.sha256) == b"leaf"
    assert await store.certificate("00" * 32) is None


async def test_a_certificate_of_many_endpoints_is_stored_once(store: SqlStore) -> None:
    shared = certificate(b"wildcard")
    visits = [observation(f"{number}.example", chain=[shared]) for number in range(50)]
    await asyncio.gather(*(store.record(visit, schedule(visit)) for visit in visits))
    assert await store.certificate(shared.sha256) == b"wildcard"


async def test_a_certificate_first_known_by_its_hash_gets_its_bytes_later(store: SqlStore) -> None:
    leaf = certificate(b"leaf")
    replayed = observation(chain=[replace(leaf, der=None)])
    await store.record(replayed, schedule(replayed))
    assert await store.certificate(leaf.sha256) is None
    served = observation("b.example", chain=[leaf])
    await store.record(served, schedule(served))
    assert await store.certificate(leaf.sha256) == b"leaf"


async def test_due_times_survive_a_restart(url: str) -> None:
    visits = [observation("b.example", hour=2), refusal("a.example", hour=1)]
    due = [schedule(visits[0]), schedule(visits[1], failures=3)]
    async with await SqlStore.open(url) as before:
        for visit, when in zip(visits, due, strict=True):
            await before.record(visit, when)
    async with await SqlStore.open(url) as after:
        assert await after.schedules() == due[::-1]


async def test_history_and_statuses_survive_a_restart(url: str) -> None:
    visit = observation(chain=[certificate(b"leaf")])
    async with await SqlStore.open(url) as before:
        await before.record(visit, schedule(visit))
        statuses = await before.statuses()
    async with await SqlStore.open(url) as after:
        assert await after.statuses() == statuses
        assert await after.observations(visit.endpoint.key) == [visit]


async def test_closing_keeps_what_was_submitted(url: str) -> None:
    visits = [observation(f"{number}.example") for number in range(20)]
    store = await SqlStore.open(url)
    async with asyncio.TaskGroup() as tasks:
        for visit in visits:
            tasks.create_task(store.record(visit, schedule(visit)))
        await asyncio.sleep(0)  # one turn of the loop: all are handed over, none is stored
        await store.close()
    async with await SqlStore.open(url) as after:
        assert len(await after.statuses()) == len(visits)


async def test_a_closed_store_reports_that_it_is_closed(url: str) -> None:
    store = await SqlStore.open(url)
    await store.close()
    await store.close()
    visit = observation()
    with pytest.raises(StoreError, match="is closed"):
        await store.record(visit, schedule(visit))


async def test_the_schedule_of_another_endpoint_is_refused(store: SqlStore) -> None:
    with pytest.raises(ValueError, match=r"the schedule of b\.example:443@127\.0\.0\.1 came with"):
        await store.record(observation("a.example"), schedule(observation("b.example")))


async def test_an_unstorable_visit_fails_alone(store: SqlStore) -> None:
    visits = [observation(host) for host in ("a.example", "lone-surrogate-\ud800", "b.example")]
    outcomes = await asyncio.gather(
        *(store.record(visit, schedule(visit)) for visit in visits), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), VisitRefusedError, type(None)]
    assert len(await store.statuses()) == 2


async def test_a_cancelled_caller_does_not_affect_other_callers(store: SqlStore) -> None:
    visits = [observation(f"{number}.example") for number in range(3)]
    tasks = [asyncio.create_task(store.record(visit, schedule(visit))) for visit in visits]
    await asyncio.sleep(0)  # one turn of the loop: all have been handed over
    tasks[0].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes[1:]] == [type(None), type(None)]
    assert isinstance(outcomes[0], asyncio.CancelledError)


async def test_a_sound_store_is_healthy(store: SqlStore) -> None:
    assert await store.healthy()
    visit = observation()
    await store.record(visit, schedule(visit))
    assert await store.healthy()


async def test_the_latest_visit_has_proofs_certificates_and_the_last_enumeration(
    store: SqlStore,
) -> None:
    first, second = (
        observation(hour=hour, chain=[certificate(f"leaf{hour}".encode())]) for hour in (0, 1)
    )
    for visit in (first, second):
        planned = replace(schedule(visit), enumerated_at=visit.started_at)
        await store.record(visit, planned)
    latest = await store.latest(first.endpoint.key)
    assert latest == second
    assert latest is not None
    assert [one.der for one in latest.certificates[0].chain] == [b"leaf1"]
    (kept,) = await store.schedules()
    assert kept.enumerated_at == second.started_at
    assert await store.latest("nobody.test:443@-") is None


async def test_the_latest_facts_of_tls_outlive_failures(store: SqlStore) -> None:
    seen = observation(chain=[certificate(b"leaf")])
    failure = refusal(hour=1)
    for visit in (seen, failure):
        await store.record(visit, schedule(visit))
    assert await store.latest(seen.endpoint.key) == failure
    assert await store.latest(seen.endpoint.key, answered=True) == seen
    assert await store.latest("nobody.test:443@-", answered=True) is None
