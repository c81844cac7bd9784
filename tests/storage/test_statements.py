"""How many statements a batch of visits takes: a verification that finds nothing new costs a share of two."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from model.endpoint_state import Visit
from model.findings.finding import Assessment
from model.observation import Mode
from storage import SqlStore
from storage.database import connect
from storage.writing.batch import write_visits
from tests.storage.samples import bare, observation, refusal, schedule
from tests.storage.statements import statements

READ_AND_UPDATE = ("SELECT", "UPDATE")


def visits(count: int, *, hour: int) -> list[Visit]:
    seen = (observation(f"host{number}.example", hour=hour) for number in range(count))
    return [Visit(observation=one, schedule=schedule(one)) for one in seen]


def verifications(count: int, *, hour: int) -> list[Visit]:
    """The same facts again, an hour later, as they come from memory."""
    return [
        replace(
            one,
            observation=replace(one.observation, mode=Mode.VERIFY),
            verified_digest=one.facts_digest,
        )
        for one in visits(count, hour=hour)
    ]


@pytest.mark.parametrize("count", [1, 40])
async def test_unchanged_visits_are_one_read_and_one_update_for_the_whole_batch(
    url: str, count: int
) -> None:
    async with await SqlStore.open(url) as store:
        await asyncio.gather(*map(store.record_visit, visits(count, hour=0)))
    database = connect(url, busy_timeout_seconds=5.0)
    try:
        async with database.writing() as connection:
            with statements() as executed:
                written = await write_visits(connection, verifications(count, hour=1))
    finally:
        await database.close()
    assert tuple(one.split()[0] for one in executed) == READ_AND_UPDATE
    assert [one.transition for one in written.advanced] == [None] * count
    assert {one.state.visits for one in written.advanced} == {2}


async def test_visits_with_news_are_one_update_in_which_each_row_gets_its_own_values(
    url: str,
) -> None:
    reason = 'it said "no", {not} yes\\'
    refused = refusal("host0.example", hour=1, reason=reason)
    other = observation("host1.example", hour=1, suites=("TLS_AES_256_GCM_SHA384",))
    same = observation("host2.example", hour=1)
    judged = Assessment(
        endpoint_key=same.endpoint.key, assessed_at=same.ended_at, policies={"ours": "1"}
    )
    news = [
        Visit(observation=refused, schedule=schedule(refused, failures=1)),
        Visit(observation=other, schedule=schedule(other)),
        Visit(observation=same, schedule=schedule(same), assessment=judged),
    ]
    async with await SqlStore.open(url) as store:
        await asyncio.gather(*map(store.record_visit, visits(4, hour=0)))
    database = connect(url, busy_timeout_seconds=5.0)
    try:
        async with database.writing() as connection:
            with statements() as executed:
                await write_visits(connection, news)
    finally:
        await database.close()
    assert sum(one.startswith("UPDATE statuses") for one in executed) == 1
    async with await SqlStore.open(url) as store:
        shown = [one.observation for one in await store.statuses()]
    unvisited = visits(4, hour=0)[3].observation
    for one, expected in zip(shown, (refused, other, same, unvisited), strict=True):
        assert replace(one, endpoint=expected.endpoint) == bare(expected)


async def test_an_outdated_verification_costs_no_more_and_leaves_the_newer_facts(
    store: SqlStore,
) -> None:
    (first,), (again,) = visits(1, hour=0), verifications(1, hour=2)
    await store.record_visit(first)
    newer = observation("host0.example", hour=1, suites=("TLS_AES_256_GCM_SHA384",))
    stored = await store.record_visit(Visit(observation=newer, schedule=schedule(newer)))
    advanced = await store.record_visit(again)
    assert advanced.transition is None
    assert advanced.state.facts_digest == stored.state.facts_digest
    assert advanced.state.started_at - stored.state.started_at == timedelta(hours=1)
    latest = await store.latest(first.key)
    assert latest is not None
    assert latest.cipher_suites == newer.cipher_suites
