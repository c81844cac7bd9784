"""For a PostgreSQL that is stopped, cut off, read-only, slow or upgraded: one sentence, then recovery."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from sqlalchemy import text

from storage import SqlStore, StoreError, open_reader
from storage.database import connect
from tests.storage.samples import observation, schedule
from tests.support.postgresql import PostgresServer, postgres_server

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """This module's own server, because tests stop it."""
    with postgres_server() as running:
        yield running


@pytest.fixture
def server_url(server: PostgresServer) -> Iterator[str]:
    with server.database() as url:
        yield url


@pytest.fixture
async def server_store(server_url: str) -> AsyncIterator[SqlStore]:
    async with await SqlStore.open(server_url) as opened:
        yield opened


async def record(store: SqlStore, *numbers: int) -> list[BaseException | None]:
    visits = [observation(f"{number}.example") for number in numbers]
    return await asyncio.gather(
        *(store.record(visit, schedule(visit)) for visit in visits), return_exceptions=True
    )


LOST = "start it, or repair the connection to it; tlsprobe continues by itself when it is back"


@pytest.mark.parametrize("mode", ["fast", "immediate"])
async def test_a_server_that_is_restarted_loses_nothing_acknowledged(
    server: PostgresServer, server_store: SqlStore, mode: str
) -> None:
    assert await record(server_store, *range(20)) == [None] * 20
    await asyncio.to_thread(server.stop, "fast" if mode == "fast" else "immediate")
    try:
        outcomes = await record(server_store, 20, 21)
        assert all(str(outcome).endswith(LOST) for outcome in outcomes)
        assert not await server_store.healthy()
        with pytest.raises(StoreError, match="the server does not answer"):
            await server_store.statuses()
    finally:
        await asyncio.to_thread(server.start)
    assert await record(server_store, 20, 21) == [None, None]
    assert await server_store.healthy()
    assert len(await server_store.statuses()) == 22


async def test_cut_connections_are_opened_again(
    server: PostgresServer, server_store: SqlStore
) -> None:
    assert await record(server_store, 1) == [None]
    await asyncio.to_thread(
        server.execute,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
    )
    assert await record(server_store, 2) == [None]
    assert len(await server_store.statuses()) == 2


async def test_a_read_only_server_is_reported_and_can_still_be_read(
    server: PostgresServer, server_store: SqlStore, server_url: str
) -> None:
    assert await record(server_store, 1) == [None]
    name = server_url.partition("@/")[2].partition("?")[0]

    def be_read_only(is_read_only: bool) -> None:
        word = "on" if is_read_only else "off"
        with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
            connection.execute(
                f"ALTER DATABASE {name} SET default_transaction_read_only = {word}".encode()
            )
            # A setting of the database applies to new connections.
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
            )

    await asyncio.to_thread(be_read_only, True)
    (outcome,) = await record(server_store, 2)
    assert str(outcome).endswith(
        "cannot be used, it is read-only: use the primary server, or allow writing"
    )
    assert len(await server_store.statuses()) == 1
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} RESET ALL".encode())
    await asyncio.to_thread(be_read_only, False)
    assert await record(server_store, 2) == [None]


async def test_a_slow_server_is_waited_for_while_others_read(
    server_store: SqlStore, server_url: str
) -> None:
    assert await record(server_store, 1) == [None]
    with psycopg.connect(server_url) as holder:
        holder.execute("LOCK TABLE statuses IN EXCLUSIVE MODE")
        waiting = asyncio.create_task(record(server_store, *range(2, 40)))
        assert len(await server_store.statuses()) == 1
        assert not waiting.done()
        holder.rollback()
        assert await waiting == [None] * 38


async def test_a_database_server_that_refuses_the_login_is_reported(server: PostgresServer) -> None:
    for open_at in (SqlStore.open, open_reader):
        with pytest.raises(StoreError, match=r'database "nowhere" does not exist\)'):
            await open_at(server.url("nowhere"))
    nobody = server.url("postgres").replace("postgres@", "nobody@")
    with pytest.raises(StoreError, match=r'role "nobody" does not exist\)'):
        await SqlStore.open(nobody)
    with pytest.raises(StoreError, match="the server does not answer"):
        await SqlStore.open("postgresql://postgres@/test?host=/nonexistent")


async def test_many_writers_of_the_same_endpoints_neither_lock_nor_lose(server_url: str) -> None:
    """Like workers on several machines; each has half of the endpoints in another order."""
    stores = [await SqlStore.open(server_url) for _ in range(3)]
    try:
        rounds = [
            record(store, *(range(60) if number % 2 else range(59, -1, -1)))
            for number, store in enumerate(stores)
        ]
        for outcomes in await asyncio.gather(*rounds):
            assert outcomes == [None] * 60
        statuses = await stores[0].statuses()
        assert len(statuses) == 60
    finally:
        for store in stores:
            await store.close()


async def test_no_query_uses_jit_or_parallel_workers(server_url: str) -> None:
    """Both cost the server more time than our queries take; a server's own settings enable both."""
    database = connect(server_url, busy_timeout_seconds=5.0)
    try:
        for _ in range(2):  # the second time on the same connection, after a rollback
            async with database.reading() as connection:
                asked = [
                    await connection.scalar(text(f"SHOW {name}"))
                    for name in ("jit", "max_parallel_workers_per_gather")
                ]
            assert asked == ["off", "0"]
    finally:
        await database.close()


async def test_a_task_that_is_cancelled_while_the_server_stops_ends(
    server: PostgresServer, server_url: str
) -> None:
    """The end of the transaction fails too, which must not replace the cancellation: the task would continue."""
    database = connect(server_url, 1.0)
    is_open = asyncio.Event()

    async def read() -> None:
        async with database.reading() as connection:
            await connection.execute(text("SELECT 1"))
            is_open.set()
            await asyncio.Event().wait()

    reading = asyncio.create_task(read())
    await is_open.wait()
    await asyncio.to_thread(server.stop, "immediate")
    try:
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    finally:
        await asyncio.to_thread(server.start)
        await database.close()
