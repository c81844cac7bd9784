"""A database of any age is upgraded to this version, or is left unchanged with a reason."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import zlib
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect

from model.encoding.observation_json import to_json
from model.query import Selection
from storage import AnotherVersionError, SqlReader, SqlStore, StoreError, open_reader
from storage.database import WritableDatabase, connect
from storage.migrate import upgrade
from storage.migrations.scripts import migration_config
from storage.revision import REVISIONS
from storage.rows.table import Table
from tests.storage.samples import INTERVAL, NOON, observation, refusal, schedule


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


def test_every_revision_can_be_applied_reverted_and_applied_again(engine: Engine) -> None:
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


def test_the_files_are_named_by_the_revisions_of_their_scripts() -> None:
    scripts = ScriptDirectory.from_config(migration_config())
    assert tuple(reversed([script.revision for script in scripts.walk_revisions()])) == REVISIONS


async def test_opening_a_database_again_changes_nothing(url: str) -> None:
    visit = observation()
    for _ in range(2):
        async with await SqlStore.open(url) as store:
            await store.record(visit, schedule(visit))
    async with await SqlStore.open(url) as store:
        assert await store.observations(visit.endpoint.key) == [visit]


async def test_opening_an_empty_database_concurrently_creates_it_once(url: str) -> None:
    stores = await asyncio.gather(*(SqlStore.open(url) for _ in range(4)))
    try:
        assert [await store.healthy() for store in stores] == [True] * 4
    finally:
        for store in stores:
            await store.close()


async def test_two_databases_can_be_created_at_once(tmp_path: Path) -> None:
    stores = await asyncio.gather(
        *(SqlStore.open(f"sqlite:///{tmp_path / name}") for name in ("one.db", "two.db"))
    )
    try:
        assert [await store.healthy() for store in stores] == [True, True]
    finally:
        for store in stores:
            await store.close()


@pytest.mark.parametrize("open_at", [SqlStore.open, open_reader])
async def test_a_database_of_a_newer_version_is_refused_untouched(
    url: str, open_at: Callable[[str], Awaitable[SqlReader]]
) -> None:
    await (await SqlStore.open(url)).close()
    database = connect(url, busy_timeout_seconds=5.0)

    def make_newer() -> None:
        with database.writing_in_thread() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9001'")
            connection.exec_driver_sql("CREATE TABLE of_the_future (id integer)")

    def everything() -> tuple[str, list[str]]:
        with database.reading_in_thread() as connection:
            revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version")
            return str(revision.scalar_one()), sorted(inspect(connection).get_table_names())

    await asyncio.to_thread(make_newer)
    before = await asyncio.to_thread(everything)
    with pytest.raises(StoreError) as refusal:
        await open_at(url)
    assert str(refusal.value) == (
        f"the database {database.name} was created by a newer version of tlsprobe (its tables are at "
        "revision '9001'): use that version or a newer one, or use another database"
    )
    assert await asyncio.to_thread(everything) == before
    await database.close()


async def test_a_database_of_another_application_is_refused_untouched(tmp_path: Path) -> None:
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


OLD_ROWS = (
    (
        "INSERT INTO targets (id, key, host, port, server_name, protocol, labels, source) VALUES"
        " (1, 'a.example:443', 'a.example', 443, 'a.example', 'tls', '{\"team\": \"web\"}', '')"
    ),
    (
        "INSERT INTO endpoints (id, key, target_id, address, last_probe_at, last_success_at) VALUES"
        " (1, 'a.example:443@127.0.0.1', 1, '127.0.0.1', '2026-03-01 15:00:00', NULL)"
    ),
    (
        "INSERT INTO schedules (endpoint_id, due_at, interval_seconds, consecutive_failures) VALUES"
        " (1, '2026-03-01 16:00:00', 3600, 2)"
    ),
    "INSERT INTO certificates (sha256, der) VALUES ('aa', NULL)",
)
SHA256 = "cd" * 32
DER = b"0\x03\x02\x01\x00"
OLD_CERTIFICATE = sa.text("INSERT INTO certificates (sha256, der) VALUES (:sha256, :der)")
OLD_OBSERVATION = sa.text(
    "INSERT INTO observations (endpoint_id, facts_digest, state, first_seen_at, body,"
    " last_seen_at, tool_version, mode, duration_seconds, connections, bytes_sent,"
    " bytes_received, throttled) VALUES (1, :digest, 'refused', :at, :body, :at, '0.1',"
    " 'verify', 0.5, 1, 0, 0, false)"
)


def old_database(url: str) -> WritableDatabase:
    """A database of revision 0002, in which one endpoint changed its state and changed it back."""
    database = connect(url, busy_timeout_seconds=5.0)
    config = migration_config()
    with database.writing_in_thread() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0002")
        for statement in OLD_ROWS:
            connection.exec_driver_sql(statement)
        for hour, digest in enumerate(("11" * 32, "22" * 32, "11" * 32)):
            body = zlib.compress(json.dumps(to_json(refusal(hour=hour))).encode())
            at = (NOON + hour * INTERVAL).replace(tzinfo=None)
            connection.execute(OLD_OBSERVATION, {"digest": digest, "at": at, "body": body})
        connection.execute(OLD_CERTIFICATE, {"sha256": SHA256, "der": DER})
        connection.exec_driver_sql(
            "INSERT INTO observation_certificates VALUES (1, 'aa'), (3, 'aa')"
        )
    return database


async def test_data_of_an_older_version_exist_after_the_upgrade(url: str) -> None:
    await (await asyncio.to_thread(old_database, url)).close()
    async with await SqlStore.open(url) as store:
        stretches = await store.history(Selection(place="a.example"))
        assert [one.observation.started_at - NOON for one in stretches] == [
            0 * INTERVAL,
            1 * INTERVAL,
            0 * INTERVAL,
        ]
        (status,) = await store.statuses()
        assert status.consecutive_failures == 2
        assert status.observation.endpoint.target.labels == {"team": "web"}
        assert await store.certificate(SHA256) == DER
        assert await store.certificate("aa") is None
        visit = observation(hour=9)
        await store.record(visit, schedule(visit))
        assert len(await store.history(Selection(place="a.example"))) == 4


async def test_a_downgrade_keeps_observations(url: str) -> None:
    database = await asyncio.to_thread(old_database, url)

    def upgrade_and_downgrade() -> tuple[int, bytes]:
        config = migration_config()
        with database.writing_in_thread() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            command.downgrade(config, "0002")
            kept = connection.exec_driver_sql(
                "SELECT count(*) FROM observations o JOIN observation_certificates c"
                " ON c.observation_id = o.id WHERE c.sha256 = 'aa'"
            ).scalar_one()
            der = connection.execute(
                sa.text("SELECT der FROM certificates WHERE sha256 = :sha256"), {"sha256": SHA256}
            ).scalar_one()
            return kept, bytes(der)

    assert await asyncio.to_thread(upgrade_and_downgrade) == (2, DER)
    await database.close()


async def test_a_version_whose_tables_changed_meanwhile_stops_writing(url: str) -> None:
    visit = observation()
    async with await SqlStore.open(url) as store:
        await store.record(visit, schedule(visit))
        database = connect(url, busy_timeout_seconds=5.0)

        def upgrade_further() -> None:
            with database.writing_in_thread() as connection:
                connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9001'")

        await store.check_version()
        await asyncio.to_thread(upgrade_further)
        assert not await store.healthy(), "before anything is written"
        refused = pytest.raises(AnotherVersionError, match=r"was changed by another version")
        with refused:
            await store.check_version()
        with refused:
            await store.record(visit, schedule(visit))
        assert not await store.healthy()


async def test_a_reader_does_not_upgrade_an_old_database(url: str) -> None:
    await (await asyncio.to_thread(old_database, url)).close()
    with pytest.raises(
        StoreError, match=r"older version of tlsprobe .* or run `tlsprobe db upgrade`"
    ):
        await open_reader(url)
