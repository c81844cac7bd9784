"""The error for an unusable SQLite database is one sentence, and the store survives it."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from storage import SqlStore, StoreError
from tests.storage.samples import observation, schedule

TARGETS = "targets:\n" * 200


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqlStore]:
    """A store that does not wait for locks."""
    async with await SqlStore.open(f"sqlite:///{path}", busy_timeout_seconds=0.0) as opened:
        yield opened


@pytest.fixture
def set_pragma(store: SqlStore) -> Iterator[Callable[[str], None]]:
    """Applies one of SQLite's own restrictions to every connection at its next use."""
    pragma = "query_only = 0"

    def apply(connection: Any, _record: object, _proxy: object) -> None:
        with closing(connection.cursor()) as cursor:
            cursor.execute(f"PRAGMA {pragma}")

    def set_to(wanted: str) -> None:
        nonlocal pragma
        pragma = wanted

    event.listen(Pool, "checkout", apply)
    yield set_to
    event.remove(Pool, "checkout", apply)


async def record_many(store: SqlStore, count: int, first: int = 0) -> list[BaseException | None]:
    """The outcome of each of ``count`` visits, recorded at the same time, each with 4 kB of certificate."""
    visits = [
        observation(f"{number}.example", suites=[os.urandom(2048).hex()])
        for number in range(first, first + count)
    ]
    return await asyncio.gather(
        *(store.record(visit, schedule(visit)) for visit in visits), return_exceptions=True
    )


async def test_a_full_disk_is_reported_to_every_waiting_writer_and_fixed_by_space(
    store: SqlStore, set_pragma: Callable[[str], None], path: Path
) -> None:
    set_pragma("max_page_count = 1")  # below the current size, so the file cannot grow
    outcomes = await record_many(store, 50)
    sentence = (
        f"the database {path} cannot be used, the disk or the database's size limit is full: "
        "free some space"
    )
    assert [str(outcome) for outcome in outcomes] == [sentence] * 50
    assert not await store.healthy()
    set_pragma("max_page_count = 1000000")
    assert await record_many(store, 50) == [None] * 50
    assert await store.healthy()
    assert len(await store.statuses()) == 50


async def test_a_read_only_database_is_reported_and_can_still_be_read(
    store: SqlStore, set_pragma: Callable[[str], None], path: Path
) -> None:
    assert await record_many(store, 1) == [None]
    set_pragma("query_only = 1")  # also what SQLite reports without write permission
    (outcome,) = await record_many(store, 1, first=1)
    assert str(outcome) == (
        f"the database {path} cannot be used, it is read-only: "
        "make the file and its directory writable for this user"
    )
    assert len(await store.statuses()) == 1
    set_pragma("query_only = 0")
    assert await record_many(store, 1, first=1) == [None]


async def test_a_locked_database_is_reported_and_works_again_after_its_release(
    store: SqlStore, path: Path
) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        (outcome,) = await record_many(store, 1)
        assert str(outcome) == (
            f"the database {path} cannot be used, another process keeps it locked: "
            "stop that process, or give this one a database of its own"
        )
        assert len(await store.statuses()) == 0, "reading waits for no writer"
    assert await record_many(store, 1) == [None]


def delete(path: Path) -> None:
    path.unlink()


def replace(path: Path) -> None:
    other = path.with_name("other.db")
    other.write_bytes(b"")
    other.rename(path)


@pytest.mark.parametrize("take_away", [delete, replace])
async def test_a_removed_file_is_not_written_silently(
    store: SqlStore, path: Path, take_away: Callable[[Path], None]
) -> None:
    take_away(path)
    (outcome,) = await record_many(store, 1)
    assert str(outcome) == (
        f"the database {path} was deleted or replaced while it was in use: restart tlsprobe, "
        "which then opens the present file or creates a new one"
    )
    assert not await store.healthy()


async def test_a_damaged_observation_is_named_when_it_is_read(store: SqlStore, path: Path) -> None:
    await record_many(store, 1)
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("UPDATE observations SET facts = x'00'")
    with pytest.raises(StoreError, match=rf"{path} contains data that this version cannot read"):
        await store.statuses()


async def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as error:
        await SqlStore.open(f"sqlite:///{tmp_path}/nowhere/store.db")
    assert str(error.value) == (
        f"the database {tmp_path}/nowhere/store.db cannot be created, its directory does not exist: "
        f"create {tmp_path}/nowhere or use another file"
    )


async def test_a_directory_is_not_a_database(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=rf"{tmp_path} cannot be used, the file cannot be opened"):
        await SqlStore.open(f"sqlite:///{tmp_path}")


async def test_a_file_that_is_not_a_database_is_left_unchanged(path: Path) -> None:
    await asyncio.to_thread(path.write_text, TARGETS)
    with pytest.raises(
        StoreError, match=r"store\.db cannot be used, the file is not an SQLite database"
    ):
        await SqlStore.open(f"sqlite:///{path}")
    assert await asyncio.to_thread(path.read_text) == TARGETS


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("store.db", "'store.db' is not a valid database URL: use sqlite:///file.db"),
        ("sqlite://", "does not name a file, so results would be lost"),
        ("sqlite:///:memory:", "does not name a file, so results would be lost"),
        ("sqlite:///store.db?mode=ro", "does not name a file, so results would be lost"),
        ("mysql://root:secret@127.0.0.1/x", r"'mysql://\*\*\*@127.0.0.1/x' is not supported"),
    ],
)
async def test_a_url_that_cannot_be_used_is_named_without_its_password(
    url: str, sentence: str
) -> None:
    with pytest.raises(StoreError, match=sentence):
        await SqlStore.open(url)


async def test_an_acknowledged_write_is_synced_to_disk(store: SqlStore, path: Path) -> None:
    async with store._writable.writing() as connection:
        synchronous = (await connection.exec_driver_sql("PRAGMA synchronous")).scalar_one()
        journal_mode = (await connection.exec_driver_sql("PRAGMA journal_mode")).scalar_one()
        foreign_keys = (await connection.exec_driver_sql("PRAGMA foreign_keys")).scalar_one()
    assert (synchronous, journal_mode, foreign_keys) == (2, "wal", 1)
