"""Claims about resources that no target has are stored as a whole, and written only where they differ."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from model.query import Selection
from storage import SqlStore
from tests.storage.samples import NOON
from tests.storage.statements import selects, statements
from tests.support.claims import LINE

READ = replace(LINE, claim=replace(LINE.claim, read_at=NOON))
LATER = replace(LINE, claim=replace(LINE.claim, read_at=NOON + timedelta(minutes=15)))
OTHER = replace(LINE, claim=replace(LINE.claim, name="other"), source="prowler")
CHANGED = replace(LINE, claim=replace(LINE.claim, statement="the link has no MACsec"))


async def test_the_stored_claims_are_those_of_the_last_reading(store: SqlStore) -> None:
    await store.put_resource_claims([READ, OTHER])
    assert set(await store.resource_claims()) == {READ, OTHER}
    await store.put_resource_claims([CHANGED])
    assert await store.resource_claims() == [CHANGED]
    await store.put_resource_claims([])
    assert await store.resource_claims() == []


async def test_another_reading_of_the_same_writes_nothing(store: SqlStore) -> None:
    await store.put_resource_claims([READ])
    with statements() as executed:
        await store.put_resource_claims([LATER])
    assert selects(executed) == len([one for one in executed if "resource_claims" in one]) == 1


async def test_a_snapshot_has_the_claims_of_its_time_and_labels(store: SqlStore) -> None:
    await store.put_resource_claims([READ])
    network = Selection(labels={"team": "network"})
    assert (await store.snapshot_at(NOON, network)).resource_claims == (READ,)
    assert (await store.snapshot_at(NOON - timedelta(hours=1))).resource_claims == ()
    assert (await store.snapshot_at(NOON, Selection(labels={"team": "web"}))).resource_claims == ()
    assert (await store.snapshot_at(NOON, Selection(place="a.example"))).resource_claims == ()
