"""PostgreSQL on a disk that is really full: acknowledged data stays, and writes continue when there is space."""

from __future__ import annotations

import asyncio
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from storage import SqlStore, StoreError
from storage.maintenance import check_database
from tests.storage.samples import observation, schedule
from tests.support.postgresql import PostgresServer, postgres_server
from tests.support.small_disk import SmallDisk, small_disk

pytestmark = pytest.mark.integration

MEGABYTES = 160
VISITS = 100
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cramped:
    """A server, and a disk of its own until a test fills it."""

    server: PostgresServer
    disk: SmallDisk


@pytest.fixture(params=["data", "log"])
def server_on_a_small_disk(request: pytest.FixtureRequest) -> Iterator[Cramped]:
    with small_disk(MEGABYTES) as disk:
        on_it = {"data_on": disk.path} if request.param == "data" else {"wal_on": disk.path}
        with postgres_server(**on_it) as server:
            yield Cramped(server=server, disk=disk)


async def record_many(store: SqlStore, first: int) -> dict[str, str | None]:
    """The outcomes of a hundred visits, each of 10 kB of incompressible data, by endpoint."""

    async def record(number: int) -> tuple[str, str | None]:
        suites = [os.urandom(16).hex() for _ in range(300)]
        visit = observation(f"{number}.example", suites=suites)
        try:
            await store.record(visit, schedule(visit))
        except StoreError as error:
            return visit.endpoint.key, str(error)
        return visit.endpoint.key, None

    return dict(await asyncio.gather(*(record(number) for number in range(first, first + VISITS))))


async def test_a_full_disk_loses_nothing_that_was_acknowledged(
    server_on_a_small_disk: Cramped,
) -> None:
    """Starts the server again if it has ended itself because its log has no space, as its supervisor would."""
    server, disk = server_on_a_small_disk.server, server_on_a_small_disk.disk
    numbers = itertools.count(0, VISITS)
    async with await SqlStore.open(server.url("postgres")) as store:
        outcomes = await record_many(store, next(numbers))
        assert set(outcomes.values()) == {None}
        await asyncio.to_thread(disk.fill)
        while None in (last := await record_many(store, next(numbers))).values():
            outcomes |= last  # in space that its files had already
        assert not await store.healthy()
        assert all(is_one_database_error_sentence(trouble) for trouble in last.values())
        assert "No space left on device" in server.log
        await asyncio.to_thread(disk.free)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while set((last := await record_many(store, next(numbers))).values()) != {None}:
                outcomes |= last
                await asyncio.to_thread(server.start_if_ended)
        outcomes |= last
        assert await store.healthy()
        kept = {one.observation.endpoint.key for one in await store.statuses()}
    assert kept >= {key for key, trouble in outcomes.items() if trouble is None}
    _, problems = await asyncio.to_thread(check_database, server.url("postgres"))
    assert problems == []


def is_one_database_error_sentence(told: str | None) -> bool:
    name, _, trouble = (told or "").partition(" cannot be used, ")
    return name.startswith("the database postgresql://") and trouble.startswith(
        (
            "the server's disk is full: free some space",
            "the server does not answer, or ended the connection",
        )
    )
