"""A database is copied without losing a row, checked, and pruned of expired data."""

from __future__ import annotations

import asyncio
import gzip
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from model.findings.alert import Alert, AlertKind
from model.findings.finding import Outcome, Severity, Waiver
from model.query import AuditEntry, Selection, ServiceEvent
from storage import SqlStore, StoreError
from storage.database import connect
from storage.maintenance import (
    check_database,
    export_database,
    import_database,
    tidy_database,
    upgrade_database,
)
from storage.retention import Retention
from storage.rows.table import Table
from tests.storage.released_database import ADDED, COUNT, PROBE, REPORTED, TARGET
from tests.storage.samples import INTERVAL, NOON, certificate, observation, refusal, schedule
from tests.storage.test_findings import assessment, record, result
from tests.support.claims import LINE

pytestmark = pytest.mark.slow

HERE = Selection(place="a.example")


async def fill(url: str) -> None:
    """Rows in every table, including hostile text."""
    async with await SqlStore.open(url) as store:
        for hour in range(6):
            suites = [f"SUITE_{hour % 3}"]
            chain = [certificate(f"leaf {hour}".encode()), certificate(b"issuer")]
            visit = observation(hour=hour, suites=suites, chain=chain, labels={"team": "a\0b"})
            outcome = Outcome.FAIL if hour % 2 else Outcome.PASS
            judged = assessment(visit, [result(outcome=outcome, observed="\0\x1b[2J")])
            await store.record(visit, schedule(visit), judged)
        bad = refusal("b.example", reason="refused\0")
        await store.record(bad, schedule(bad, failures=1))
        await store.note(ServiceEvent(at=NOON, kind="started", sentence="version 1\0"))
        await store.put_waiver(
            Waiver(name="w", rule="r", reason="why", owner="me", expires_at=NOON + INTERVAL)
        )
        await store.audit(
            AuditEntry(
                at=NOON,
                actor="a\0b",
                method="token",
                role="admin",
                address="192.0.2.7",
                action="waiver_set",
                subject="w",
                before={"x": "\0"},
                after={"x": "y"},
            )
        )
        await store.change_api_target(TARGET.key, lambda _: (TARGET, ADDED))
        await store.put_resource_claims([LINE])
        await store.put_probe(PROBE)
        await store.put_fleet_count(COUNT)
        await store.put_trail_events([REPORTED], most=9)
        told = Alert(
            kind=AlertKind.FINDING,
            target="a.example:443",
            severity=Severity.HIGH,
            violation="TLS 1.0 is offered",
            requirement="Only TLS 1.2 and 1.3 may be offered",
            observed="TLSv1.0",
            required="TLSv1.2",
            since=NOON,
            policy="house",
            rule="r",
            labels={"team": "a\0b"},
        )
        await store.put_reported_alerts("ops", [told])
        await store.prune(Retention(), NOON)


def all_rows(url: str) -> dict[str, list[tuple[Any, ...]]]:
    database = connect(url, busy_timeout_seconds=5.0)
    with database.reading_in_thread() as connection:
        return {
            table.name: [
                tuple(row)
                for row in connection.execute(select(table).order_by(*table.primary_key.columns))
            ]
            for table in Table.metadata.sorted_tables
        }


async def test_a_database_moves_to_any_other_without_losing_a_row(tmp_path: Path, url: str) -> None:
    source, file = f"sqlite:///{tmp_path / 'source.db'}", tmp_path / "all.jsonl.gz"
    await fill(source)
    rows = await asyncio.to_thread(all_rows, source)
    assert all(rows.values()), "every table has something to lose"
    exported = await asyncio.to_thread(export_database, source, file)
    assert await asyncio.to_thread(import_database, url, file) == exported
    assert await asyncio.to_thread(all_rows, url) == rows
    async with await SqlStore.open(url) as store:
        visit = observation(hour=9)
        await store.record(visit, schedule(visit))
        assert (await store.history(HERE))[0].visits == 1


async def test_a_backup_made_while_visits_are_stored_is_one_state_and_is_restored(
    tmp_path: Path, url: str
) -> None:
    """From each kind of database, into a new one that the service then continues with."""
    file, restored = tmp_path / "backup.jsonl.gz", f"sqlite:///{tmp_path / 'restored.db'}"
    await fill(url)
    before = await asyncio.to_thread(all_rows, url)

    async def store_visits(store: SqlStore) -> None:
        for hour in range(10, 30):
            visit = observation(hour=hour, suites=[f"SUITE_{hour}"])
            await store.record(visit, schedule(visit))

    async with await SqlStore.open(url) as store:
        storing = asyncio.create_task(store_visits(store))
        exported = await asyncio.to_thread(export_database, url, file)
        await storing
    assert await asyncio.to_thread(import_database, restored, file) == exported
    _, problems = await asyncio.to_thread(check_database, restored)
    assert problems == []
    rows = await asyncio.to_thread(all_rows, restored)
    assert set(before["certificates"]) <= set(rows["certificates"])
    async with await SqlStore.open(restored) as store:
        visit = observation(hour=40)
        await store.record(visit, schedule(visit))
        assert (await store.history(HERE))[0].visits == 1


async def test_a_truncated_export_is_not_accepted(tmp_path: Path, url: str) -> None:
    source, file = f"sqlite:///{tmp_path / 'source.db'}", tmp_path / "all.jsonl.gz"
    await fill(source)
    await asyncio.to_thread(export_database, source, file)

    def cut(keep: Callable[[list[str]], list[str]]) -> None:
        with gzip.open(file, "rt") as whole:
            lines = whole.readlines()
        with gzip.open(file, "wt") as part:
            part.writelines(keep(lines))

    await asyncio.to_thread(cut, lambda lines: [*lines[:3], *lines[4:]])
    with pytest.raises(StoreError, match="is not a complete export of a database"):
        await asyncio.to_thread(import_database, url, file)
    await asyncio.to_thread(file.unlink)
    await asyncio.to_thread(export_database, source, file)
    await asyncio.to_thread(cut, lambda lines: lines[:-1])
    with pytest.raises(StoreError, match="it ends before its last line"):
        await asyncio.to_thread(import_database, url, file)
    assert not any((await asyncio.to_thread(all_rows, url)).values())


async def test_import_and_export_never_overwrite_anything(tmp_path: Path, url: str) -> None:
    source, file = f"sqlite:///{tmp_path / 'source.db'}", tmp_path / "all.jsonl.gz"
    await fill(source)
    await asyncio.to_thread(export_database, source, file)
    with pytest.raises(StoreError, match="already exists: use a new file"):
        await asyncio.to_thread(export_database, source, file)
    await fill(url)
    with pytest.raises(StoreError, match="is not empty"):
        await asyncio.to_thread(import_database, url, file)


async def test_a_sound_database_is_reported_as_sound(url: str) -> None:
    await fill(url)
    counts, problems = await asyncio.to_thread(check_database, url)
    assert problems == []
    assert counts["endpoints"] == 2


async def test_damage_is_reported_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    await fill(f"sqlite:///{path}")
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE observations SET facts = x'00' WHERE id = 1")
        connection.execute("DELETE FROM results")
    before = await asyncio.to_thread(path.read_bytes)
    _, problems = await asyncio.to_thread(check_database, f"sqlite:///{path}")
    assert any(problem.startswith("observation 1 cannot be read") for problem in problems)
    assert any("of findings refers to a missing row of results" in one for one in problems)
    assert await asyncio.to_thread(path.read_bytes) == before


async def test_a_corrupted_file_is_reported_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    await fill(f"sqlite:///{path}")

    def corrupt() -> bytes:
        raw = bytearray(path.read_bytes())
        raw[4096:] = b"\xa5" * (len(raw) - 4096)
        path.write_bytes(raw)
        return bytes(raw)

    before = await asyncio.to_thread(corrupt)
    with pytest.raises(StoreError, match="the file is damaged: restore it from a backup"):
        async with await SqlStore.open(f"sqlite:///{path}") as store:
            await store.statuses()
    with pytest.raises(StoreError, match="damaged"):
        await asyncio.to_thread(check_database, f"sqlite:///{path}")
    assert await asyncio.to_thread(path.read_bytes) == before


def test_an_upgrade_returns_the_revision(url: str) -> None:
    assert upgrade_database(url) == upgrade_database(url)


async def test_expired_data_are_pruned(url: str) -> None:
    await fill(url)
    async with await SqlStore.open(url) as store:
        newest = (await store.statuses())[0]
        days = dict.fromkeys(("evidence_days", "history_days", "changes_days"), 1.0)
        now = NOON + timedelta(days=2)
        pruned = await counts_of(store, Retention(**days, findings_days=1.0, events_days=1.0), now)
        assert pruned["visits"] == 5
        assert pruned["observations"] == 5
        assert pruned["certificates"] == 5
        assert pruned["findings"] == 2
        assert pruned["service_events"] == 1
        assert await store.changes() == []
        assert [one.visits for one in await store.history(HERE)] == [1]
        assert (await store.statuses())[0] == newest
        latest = await store.latest("a.example:443@127.0.0.1")
        assert latest is not None
        assert latest.protocols != newest.observation.protocols, "the newest keeps its evidence"
    assert await asyncio.to_thread(check_database, url) == (await counts(url), [])


async def counts_of(store: SqlStore, retention: Retention, now: datetime) -> Mapping[str, int]:
    """The number of deleted rows of each kind if the clock is known to be correct."""
    return (await store.prune(retention, now, is_clock_right=True)).counts


async def counts(url: str) -> dict[str, int]:
    return {name: len(rows) for name, rows in (await asyncio.to_thread(all_rows, url)).items()}


async def test_old_evidence_is_pruned_before_its_facts(url: str) -> None:
    await fill(url)
    async with await SqlStore.open(url) as store:
        pruned = await counts_of(store, Retention(evidence_days=1.0), NOON + timedelta(days=2))
        assert pruned == dict.fromkeys(pruned, 0) | {"evidence": 5}
        assert len(await store.history(HERE)) == 6


async def test_an_endpoint_that_is_gone_is_deleted_with_all_its_data(url: str) -> None:
    await fill(url)
    async with await SqlStore.open(url) as store:
        await record(store, [result()], hour=24 * 500, host="new.example")
        pruned = await counts_of(store, Retention(), NOON + timedelta(days=500))
        assert pruned["endpoints"] == 2
        (status,) = await store.statuses()
        assert status.observation.endpoint.target.host == "new.example"
    left = await counts(url)
    assert (left["targets"], left["observations"], left["findings"]) == (1, 1, 1)


async def test_many_rows_are_pruned_in_batches_while_others_write(url: str) -> None:
    async with await SqlStore.open(url) as store:
        events = [ServiceEvent(at=NOON, kind="k", sentence=str(number)) for number in range(3)]
        for event in events:
            await store.note(event)
        visits = [observation(f"{number}.example") for number in range(1200)]
        await asyncio.gather(*(store.record(visit, schedule(visit)) for visit in visits))
        new = observation("new.example", hour=24 * 500)
        pruned, _ = await asyncio.gather(
            counts_of(store, Retention(), NOON + timedelta(days=500)),
            store.record(new, schedule(new)),
        )
        assert pruned["endpoints"] == 1200
        assert len(await store.statuses()) == 1


async def test_pruning_frees_disk_space(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    url = f"sqlite:///{path}"
    async with await SqlStore.open(url) as store:
        visits = [observation(f"{number}.example") for number in range(500)]
        await asyncio.gather(*(store.record(visit, schedule(visit)) for visit in visits))
    before = (await asyncio.to_thread(path.stat)).st_size
    with pytest.raises(StoreError, match="500 days before that, so nothing was deleted"):
        await asyncio.to_thread(tidy_database, url, Retention(), NOON + timedelta(days=500))
    later = NOON + timedelta(days=500)
    await asyncio.to_thread(partial(tidy_database, is_clock_right=True), url, Retention(), later)
    assert (await asyncio.to_thread(path.stat)).st_size < before / 2
