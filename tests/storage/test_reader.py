"""A reader reads what was stored, and cannot create, upgrade or write a database."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from model.ports import ArchiveReader
from storage import SqlReader, SqlStore, StoreError, open_reader
from storage.database import Database, connect_for_reading
from tests.storage.samples import bare, observation, schedule

VISIT = observation()
DELETE = text("DELETE FROM statuses")


@pytest.fixture
async def filled(url_with_tables: str) -> str:
    """A database of each kind that holds one visit."""
    async with await SqlStore.open(url_with_tables) as store:
        await store.record(VISIT, schedule(VISIT))
    return url_with_tables


@pytest.fixture
async def database(filled: str) -> AsyncIterator[Database]:
    found = connect_for_reading(filled, busy_timeout_seconds=5.0)
    yield found
    await found.close()


async def test_the_reader_reads_what_was_stored(filled: str) -> None:
    async with await open_reader(filled) as reader:
        archive: ArchiveReader = reader
        (status,) = await archive.statuses()
        assert status.observation == bare(VISIT)
        assert await archive.latest(VISIT.endpoint.key) == VISIT


async def test_the_reader_sees_what_a_writer_commits_meanwhile(filled: str) -> None:
    other = observation("b.example")
    async with await SqlStore.open(filled) as store, await open_reader(filled) as reader:
        assert len(await reader.statuses()) == 1
        await store.record(other, schedule(other))
        assert await reader.latest(other.endpoint.key) == other


def test_the_reader_has_no_method_that_writes() -> None:
    writing = {"record", "put_waiver", "remove_waiver", "note", "prune", "put_reported_alerts"}
    assert writing <= set(dir(SqlStore))
    assert not writing & set(dir(SqlReader))


async def test_connections_of_a_reader_refuse_to_write(database: Database) -> None:
    with pytest.raises(StoreError, match="cannot be used, it is read-only"):
        async with database.reading() as connection:
            await connection.execute(DELETE)


async def test_connections_of_a_reader_in_threads_refuse_to_write(
    filled: str, database: Database
) -> None:
    def delete() -> None:
        with database.reading_in_thread() as connection:
            connection.execute(DELETE)

    with pytest.raises(Exception, match=r"readonly database|read-only transaction"):
        await asyncio.to_thread(delete)
    async with await open_reader(filled) as reader:
        assert len(await reader.statuses()) == 1


@pytest.mark.integration
async def test_a_writer_that_has_the_connection_next_may_write(postgresql_url: str) -> None:
    """A read-only transaction does not make the next transaction of its connection read-only."""
    async with await SqlStore.open(postgresql_url) as store:
        for hour in range(3):
            visit = observation(hour=hour)
            await store.record(visit, schedule(visit))
            assert len(await store.statuses()) == 1


@pytest.mark.parametrize("name", ["none.db", "nowhere/none.db"])
async def test_a_file_that_does_not_exist_is_not_created(tmp_path: Path, name: str) -> None:
    with pytest.raises(StoreError) as refusal:
        await open_reader(f"sqlite:///{tmp_path / name}")
    assert str(refusal.value) == (
        f"the database {tmp_path / name} does not exist: give the service's database with --database"
    )
    assert await asyncio.to_thread(os.listdir, tmp_path) == []


async def test_an_empty_file_stays_empty(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    path.touch()
    with pytest.raises(StoreError, match=r"empty\.db is empty: give the service's database"):
        await open_reader(f"sqlite:///{path}")
    assert path.stat().st_size == 0


@pytest.mark.integration
async def test_an_empty_database_of_a_server_stays_empty(postgresql_url: str) -> None:
    for _ in range(2):
        with pytest.raises(StoreError, match="is empty: give the service's database"):
            await open_reader(postgresql_url)


async def test_a_database_of_another_application_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE books (title TEXT)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"books\.db belongs to something else .*'books'"):
        await open_reader(f"sqlite:///{path}")
    assert path.read_bytes() == before


async def test_reading_does_not_change_the_file(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    async with await SqlStore.open(f"sqlite:///{path}") as store:
        await store.record(VISIT, schedule(VISIT))
    before = path.read_bytes()
    async with await open_reader(f"sqlite:///{path}") as reader:
        assert len(await reader.statuses()) == 1
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["a b.db", "a#b.db", "a%41b.db", "ä&x=y.db", "a+b;c.db"])
async def test_a_file_of_any_name_is_read(tmp_path: Path, name: str) -> None:
    url = f"sqlite:///{tmp_path / name}"
    async with await SqlStore.open(url) as store:
        await store.record(VISIT, schedule(VISIT))
    async with await open_reader(url) as reader:
        assert len(await reader.statuses()) == 1
