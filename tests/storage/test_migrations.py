"""A database of any age becomes one of this version's, or is left alone with a reason."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect

from storage import SqlStore, StoreError
from storage.database import connect
from storage.migrate import migration_config, upgrade
from storage.tables import Table
from tests.storage.samples import observation, schedule


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path / 'store.db'}")
    yield engine
    engine.dispose()


async def test_an_upgraded_database_has_exactly_the_tables_of_the_code(url: str) -> None:
    await (await SqlStore.open(url)).close()
    database = connect(url, busy_timeout_seconds=5.0)
    async with database.reading() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), Table.metadata)
        )
    await database.close()
    assert differences == []


def test_every_revision_can_be_made_undone_and_made_again(engine: Engine) -> None:
    config = migration_config()
    revisions = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        for revision in reversed(revisions):
            command.upgrade(config, revision)
            command.downgrade(config, "-1")
            command.upgrade(config, revision)
        command.downgrade(config, "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]


def test_revisions_are_one_line_without_branches() -> None:
    scripts = ScriptDirectory.from_config(migration_config())
    assert len(scripts.get_heads()) == 1
    assert len(scripts.get_bases()) == 1


async def test_opening_again_changes_nothing(url: str) -> None:
    visit = observation()
    for _ in range(2):
        async with await SqlStore.open(url) as store:
            await store.record(visit, schedule(visit))
    async with await SqlStore.open(url) as store:
        assert await store.observations(visit.endpoint.key) == [visit]


async def test_opening_one_empty_database_many_times_at_once_makes_it_once(url: str) -> None:
    stores = await asyncio.gather(*(SqlStore.open(url) for _ in range(4)))
    try:
        assert [await store.healthy() for store in stores] == [True] * 4
    finally:
        for store in stores:
            await store.close()


async def test_two_databases_can_be_made_at_once(tmp_path: Path) -> None:
    stores = await asyncio.gather(
        *(SqlStore.open(f"sqlite:///{tmp_path / name}") for name in ("one.db", "two.db"))
    )
    try:
        assert [await store.healthy() for store in stores] == [True, True]
    finally:
        for store in stores:
            await store.close()


async def test_a_database_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    await (await SqlStore.open(f"sqlite:///{path}")).close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9001'")
    connection.close()
    with pytest.raises(StoreError) as refusal:
        await SqlStore.open(f"sqlite:///{path}")
    assert str(refusal.value) == (
        f"the database {path} was made by a newer version of tlsprobe (its tables are of revision "
        "'9001'): use that version or a newer one, or name another database"
    )


async def test_a_database_of_something_else_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE books (title TEXT)")
    connection.close()
    with pytest.raises(StoreError, match=r"books\.db belongs to something else .*'books'"):
        await SqlStore.open(f"sqlite:///{path}")
    with sqlite3.connect(path) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    connection.close()
    assert tables == [("books",)]


async def test_a_migration_that_ends_halfway_leaves_the_database_as_it_was(url: str) -> None:
    database = connect(url, busy_timeout_seconds=5.0)

    def upgrade_and_fail() -> None:
        with database.writing_in_thread() as connection:
            upgrade(connection, database.name)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        upgrade_and_fail()
    async with database.reading() as connection:
        tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    await database.close()
    assert tables == []
