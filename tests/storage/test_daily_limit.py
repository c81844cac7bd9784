"""An endpoint's stored bytes per day are limited; dropped data is reported, and nothing false is stored."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from model.certificates.certificate import Certificate
from model.observation import Observation
from model.query import Selection
from storage import Dropped, Retention, SqlStore
from tests.storage.samples import NOON, bare, certificate, observation, refusal, schedule
from tests.storage.test_findings import assessment, result

pytestmark = pytest.mark.slow

MEGABYTE, LIMIT = 2**20, 4 * 2**20
HERE = Selection(place="a.example")
KEY = observation().endpoint.key


class Limited:
    """A store with a limit per endpoint, and its reports of dropped data."""

    def __init__(self, store: SqlStore, limit: int = LIMIT) -> None:
        self.store = store
        self.dropped: list[Dropped] = []
        store.limit_endpoints(limit, self.dropped.append)

    async def visit(self, hour: int, size: int = MEGABYTE, host: str = "a.example") -> Observation:
        """A visit with a new certificate that cannot be compressed."""
        chain = [certificate(os.urandom(size))]
        seen = observation(host, hour=hour, chain=chain)
        await self.store.record(seen, schedule(seen), assessment(seen, [result()]))
        return seen

    async def raw_bytes(self, visits: list[Observation]) -> int:
        """The number of certificates that can be read back."""
        found = [await self.store.certificate(_leaf(visit).sha256) for visit in visits]
        return sum(len(der or b"") for der in found)


def _leaf(visit: Observation) -> Certificate:
    return visit.certificates[0].chain[0]


async def test_new_certificates_at_each_visit_stay_below_the_limit(store: SqlStore) -> None:
    limited = Limited(store)
    visits = [await limited.visit(hour) for hour in range(10)]
    assert await limited.raw_bytes(visits) == 3 * MEGABYTE  # the facts take a little of the fourth
    assert [one.is_first for one in limited.dropped] == [True, *([False] * 6)]
    assert all(one.endpoint_key == KEY and one.size >= MEGABYTE for one in limited.dropped)
    (event,) = await store.events()
    assert (event.kind, event.endpoint_key) == ("storage_limit_reached", KEY)
    assert event.sentence.startswith(f"{KEY} has reached the daily storage limit of one endpoint")
    # The facts are those of the newest visit, because they are small.
    (status,) = await store.statuses()
    assert status.observation.certificates[0].chain[0].sha256 == _leaf(visits[-1]).sha256
    latest = await store.latest(KEY)
    assert latest is not None
    assert latest.certificates[0].chain[0].der is None


async def test_a_day_later_proofs_are_stored_again(store: SqlStore) -> None:
    limited = Limited(store)
    for hour in range(6):
        await limited.visit(hour)
    later = await limited.visit(31)
    assert await limited.raw_bytes([later]) == MEGABYTE
    for hour in range(32, 37):
        await limited.visit(hour)
    assert len(await store.events()) == 2


async def test_a_restart_does_not_extend_the_daily_limit(
    store: SqlStore, url_with_tables: str
) -> None:
    first = Limited(store)
    for hour in range(5):
        await first.visit(hour)
    await store.close()
    async with await SqlStore.open(url_with_tables) as reopened:
        second = Limited(reopened)
        visit = await second.visit(6)
        assert await second.raw_bytes([visit]) == 0
        assert [one.is_first for one in second.dropped] == [False]


async def test_other_endpoints_are_not_affected_by_the_limit(store: SqlStore) -> None:
    limited = Limited(store)
    for hour in range(6):
        await limited.visit(hour)
    other = await limited.visit(6, host="b.example")
    assert await limited.raw_bytes([other]) == MEGABYTE


async def test_facts_over_the_limit_keep_the_known_facts_and_the_visit_counts(
    store: SqlStore,
) -> None:
    limited = Limited(store, limit=100_000)
    known = observation(hour=0)
    await store.record(known, schedule(known))
    for hour in range(1, 6):
        # The facts are 50 kB, and the Change that describes them is larger.
        seen = observation(hour=hour, suites=[os.urandom(50_000).hex()])
        await store.record(seen, schedule(seen), assessment(seen, [result()]))
    assert [one.size > 100_000 for one in limited.dropped] == [True] * 5
    (status,) = await store.statuses()
    assert status.last_probe_at >= NOON + timedelta(hours=5)
    assert status.observation.cipher_suites == bare(known).cipher_suites
    assert [stretch.visits for stretch in await store.history(HERE)] == [6]
    (finding,) = await store.findings()
    assert finding.last_seen_at == NOON + timedelta(hours=5)


async def test_an_endpoint_that_starts_over_the_limit_is_stored_without_proofs(
    store: SqlStore,
) -> None:
    limited = Limited(store, limit=100_000)
    visit = await limited.visit(0)
    assert await limited.raw_bytes([visit]) == 0
    (status,) = await store.statuses()
    assert status.observation.certificates[0].chain[0].sha256 == _leaf(visit).sha256
    (finding,) = await store.findings()
    assert finding.result.evidence is None


async def test_an_ordinary_server_that_changes_constantly_reaches_no_limit(store: SqlStore) -> None:
    limited = Limited(store, limit=2**20)
    for hour in range(24):
        await limited.visit(hour, size=1_500)
    failed = refusal(hour=24)
    await store.record(failed, schedule(failed, failures=1))
    assert limited.dropped == []
    assert await store.events() == []


async def test_the_file_grows_at_most_by_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with await SqlStore.open(f"sqlite:///{path}") as store:
        limited = Limited(store)
        for hour in range(20):
            await limited.visit(hour)
        await store.prune(Retention(), NOON, is_clock_right=True)
    assert path.stat().st_size < LIMIT + MEGABYTE
