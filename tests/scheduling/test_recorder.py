"""A failed write is retried later; beyond a limit, visits wait too."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from model.endpoint_state import Advanced, Visit
from model.query import Transition
from scheduling.store_writer import StoreWriter
from storage import SqlStore
from tests.storage.samples import observation, schedule


class FailureCount:
    """Counts failed writes, and collects the effects of visits from successful ones."""

    def __init__(self) -> None:
        self.failures = 0
        self.stored: list[tuple[Visit, Advanced]] = []

    def visit_stored(self, visit: Visit, advanced: Advanced) -> None:
        self.stored.append((visit, advanced))

    def store_write_failed(self) -> None:
        self.failures += 1


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqlStore]:
    async with await SqlStore.open(f"sqlite:///{path}", busy_timeout_seconds=0.0) as opened:
        yield opened


@pytest.fixture
def lock(store: SqlStore, path: Path) -> Iterator[sqlite3.Connection]:
    """Another process's lock, until its ``rollback``."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other


async def record(recorder: StoreWriter, host: str) -> None:
    seen = observation(host)
    await recorder.record(Visit(observation=seen, schedule=schedule(seen)))


async def test_an_unwritable_database_delays_visits_and_loses_none(
    store: SqlStore, lock: sqlite3.Connection
) -> None:
    meter = FailureCount()
    recorder = StoreWriter(store, meter, most_waiting=3)
    for number in range(3):
        await record(recorder, f"{number}.example")
    held_back = [asyncio.create_task(record(recorder, f"{number}.example")) for number in (3, 4)]
    assert not await recorder.flush()
    assert not any(task.done() for task in held_back)
    assert recorder.waiting == 3
    lock.rollback()
    while not all(task.done() for task in held_back) or recorder.waiting:
        await recorder.flush()
        await asyncio.sleep(0)
    assert len(await store.statuses()) == 5
    assert meter.failures == 2, "only the first that waits is tried"
    hosts = [visit.observation.endpoint.target.host for visit, _ in meter.stored]
    assert hosts == [f"{number}.example" for number in range(5)]
    assert {advanced.transition for _, advanced in meter.stored} == {Transition.FIRST}


async def test_a_visit_that_can_never_be_stored_does_not_block_others(store: SqlStore) -> None:
    meter = FailureCount()
    recorder = StoreWriter(store, meter)
    await record(recorder, "lone-surrogate-\ud800")
    await record(recorder, "a.example")
    assert (recorder.waiting, meter.failures) == (0, 1)
    assert len(await store.statuses()) == 1
    assert [visit.observation for visit, _ in meter.stored] == [observation("a.example")]
