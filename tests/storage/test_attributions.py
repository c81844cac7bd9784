"""Who caused Changes, in the Store."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from model.comparisons.attribution import Attribution, RecordedCall, Unattributed
from model.observation import Observation
from storage import SqlStore
from tests.storage.samples import INTERVAL, NOON, observation, schedule

SUITES = (["TLS_AES_128_GCM_SHA256"], ["TLS_AES_256_GCM_SHA384"])
CALL = RecordedCall(
    name="ModifyListener",
    at=datetime(2026, 3, 1, 12, 50, tzinfo=UTC),
    event_id="1",
    principal="arn:aws:iam::123456789012:user/alice\0",
    source_address="192.0.2.1",
    others=2,
)


async def fill(store: SqlStore) -> None:
    """An endpoint whose suite changes at 13:00 and at 14:00: two Changes each."""
    visits = (observation(hour=hour, suites=SUITES[hour % 2], labels=ARN) for hour in range(3))
    for visit in visits:
        await record(store, visit)


async def record(store: SqlStore, visit: Observation) -> None:
    await store.record(visit, schedule(visit))


ARN = {"arn": "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/web/1/2"}


async def asked(store: SqlStore, **more: int) -> list[Unattributed]:
    found = await store.unattributed(
        NOON, NOON + 10 * INTERVAL, limit=more.pop("limit", 99), **more
    )
    return list(found)


async def test_changes_are_unattributed_by_visit_with_the_time_of_the_visit_before(
    store: SqlStore,
) -> None:
    await fill(store)
    first, second = await asked(store)
    assert (first.at, first.since) == (NOON + INTERVAL, NOON)
    assert (second.at, second.since) == (NOON + 2 * INTERVAL, NOON + INTERVAL)
    assert list(first.facts.values()) == ["cipher_suites.TLSv1.3"] * 2
    assert first.target.labels == ARN
    assert first.endpoint_key == "a.example:443@127.0.0.1"


async def test_only_changes_of_the_time_and_after_the_identifier_are_read(store: SqlStore) -> None:
    await fill(store)
    first, second = await asked(store)
    (one,) = await asked(store, limit=1)
    assert list(one.facts) == list(first.facts)[:1]
    assert await asked(store, after=max(first.facts)) == [second]
    until = NOON + 2 * INTERVAL
    assert await store.unattributed(NOON, until, limit=9) == [first]
    assert await store.unattributed(until, until + INTERVAL, limit=9) == [second]


async def test_an_attribution_is_stored_with_its_change_and_not_asked_for_again(
    store: SqlStore,
) -> None:
    await fill(store)
    first, second = await asked(store)
    known, unknown = Attribution(call=CALL), Attribution(unknown="CloudTrail has none")
    own = Attribution(call=replace(CALL, is_own=True, others=0, source_address=""))
    one, other = second.facts
    await store.put_attributions(dict.fromkeys(first.facts, known) | {one: unknown, other: own})
    assert await asked(store) == []
    shown = {change.attribution for change in await store.changes()}
    assert shown == {known, unknown, own}


async def test_the_attribution_of_a_deleted_change_is_left_out(store: SqlStore) -> None:
    await store.put_attributions({77: Attribution(unknown="x")})
    await store.put_attributions({})
    assert await store.changes() == []
