"""Claims and jobs on a real PostgreSQL; workers are simulated, so that their deaths happen at exact times."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from service.fleet.batches import Batch
from service.fleet.leases import VISITED_CHANNEL, Leases, Record
from service.fleet.queue import Queue, QueueVersionError, Times
from tests.service.fleet.test_batches import request

pytestmark = pytest.mark.integration

TIMES = Times(dead_after=20.0)
KEYS = ["a.example:443@192.0.2.1", "b.example:443@192.0.2.2"]


@pytest.fixture
async def queue(postgresql_url: str) -> AsyncIterator[Queue]:
    async with Queue(postgresql_url, TIMES).open() as opened:
        await opened.prepare(may_remake=False)
        yield opened


@pytest.fixture
def claims(queue: Queue) -> Leases:
    return Leases(queue.pool, TIMES.dead_after)


async def new_worker(queue: Queue) -> int:
    return await queue.app.job_manager.register_worker()


async def expire_worker(queue: Queue, worker_id: int) -> None:
    """As if it had been silent for a minute."""
    async with queue.pool.connection() as connection:
        await connection.execute(
            "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute' "
            "WHERE id = %s",
            (worker_id,),
        )


async def test_only_one_of_two_workers_gets_the_lease(queue: Queue, claims: Leases) -> None:
    first, second = await new_worker(queue), await new_worker(queue)
    assert await claims.take(KEYS, first) == set(KEYS)
    assert await claims.take(KEYS, second) == set()
    async with claims.settling(KEYS[:1], second) as held:
        assert held == set()
    async with claims.settling(KEYS, first) as held:
        assert held == set(KEYS)
        held.remove(KEYS[1])
    assert await claims.take(KEYS, second) == set(KEYS[:1])


async def test_a_lease_is_not_expired_while_its_visit_is_recorded(
    queue: Queue, claims: Leases
) -> None:
    slow, other = await new_worker(queue), await new_worker(queue)
    await claims.take(KEYS[:1], slow)
    await expire_worker(queue, slow)
    async with claims.settling(KEYS[:1], slow) as held:
        assert held == set(KEYS[:1])
        asking = asyncio.create_task(claims.records(KEYS))
        done, _ = await asyncio.wait([asking], timeout=0.5)
        assert not done
    assert await asking == {}
    assert await claims.take(KEYS[:1], other) == set(KEYS[:1])


async def test_a_released_lease_is_free_and_leaves_no_trace(queue: Queue, claims: Leases) -> None:
    first, second = await new_worker(queue), await new_worker(queue)
    await claims.take(KEYS, first)
    await claims.put_back(KEYS[:1], first)
    await claims.finish(KEYS[1:], first)
    assert await claims.records(KEYS) == {}
    assert await claims.take(KEYS, second) == set(KEYS)


async def test_visits_in_flight_when_a_worker_died_are_recorded(
    queue: Queue, claims: Leases
) -> None:
    for deaths in (1, 2, 3):
        worker = await new_worker(queue)
        await claims.take(KEYS[:1], worker)
        await expire_worker(queue, worker)
        assert await claims.records(KEYS) == {KEYS[0]: Record(deaths=deaths, is_set_aside=False)}


async def test_an_innocent_suspect_is_cleared_after_its_visit(queue: Queue, claims: Leases) -> None:
    dead, alive = await new_worker(queue), await new_worker(queue)
    await claims.take(KEYS, dead)
    await expire_worker(queue, dead)
    await claims.records(KEYS)
    await claims.take(KEYS, alive)
    await claims.finish(KEYS, alive)
    assert await claims.records(KEYS) == {}


async def test_a_quarantined_endpoint_cannot_be_leased_until_its_end_and_each_time_counts(
    queue: Queue, claims: Leases
) -> None:
    worker = await new_worker(queue)
    for times in (1, 2):
        await claims.take(KEYS, worker)
        await claims.set_aside(KEYS[0], worker, datetime.now(UTC) + timedelta(hours=1))
        record = Record(deaths=times, is_set_aside=True, times_set_aside=times)
        assert await claims.records(KEYS[:1]) == {KEYS[0]: record}
        assert await claims.all_set_aside() == KEYS[:1]
        assert await claims.take(KEYS[:1], worker) == set()
        async with queue.pool.connection() as connection:
            await connection.execute("UPDATE claims SET set_aside_until = now()")
        assert await claims.all_set_aside() == []
    assert await claims.take(KEYS[:1], worker) == set(KEYS[:1])


async def test_the_end_of_a_visit_is_notified(
    queue: Queue, claims: Leases, postgresql_url: str
) -> None:
    worker = await new_worker(queue)
    await claims.take(KEYS, worker)
    async with await psycopg.AsyncConnection.connect(postgresql_url, autocommit=True) as listener:
        await listener.execute(f"LISTEN {VISITED_CHANNEL}".encode())
        await claims.finish(KEYS[:1], worker)
        await claims.set_aside(KEYS[1], worker, datetime.now(UTC) + timedelta(hours=1))
        await claims.finish(KEYS, worker)
        heard = [notice.payload async for notice in listener.notifies(timeout=60, stop_after=2)]
    assert heard == KEYS


def jobs(*names: str) -> list[Batch]:
    return [Batch(queue="any", requests=(request(name, "192.0.2.1"),)) for name in names]


async def fetch(queue: Queue, worker_id: int) -> int:
    job = await queue.app.job_manager.fetch_job(queues=["any"], worker_id=worker_id)
    assert job is not None
    assert job.id is not None
    return job.id


async def test_a_dead_workers_job_is_given_to_another(queue: Queue) -> None:
    ids = await queue.defer(jobs("a", "b"))
    dead, alive = await new_worker(queue), await new_worker(queue)
    assert [await fetch(queue, dead), await fetch(queue, alive)] == ids
    await expire_worker(queue, dead)
    assert await queue.rescue() == (1, 0)
    assert await queue.living_workers() == 1
    assert await fetch(queue, alive) == ids[0]
    assert await queue.rescue() == (0, 0)


async def test_a_job_that_loses_every_worker_is_abandoned(queue: Queue) -> None:
    await queue.defer(jobs("a"))
    outcomes = []
    while await queue.unfinished():
        worker = await new_worker(queue)
        await fetch(queue, worker)
        await expire_worker(queue, worker)
        outcomes.append(await queue.rescue())
    assert outcomes == [(1, 0)] * 10 + [(0, 1)]


async def test_running_jobs_report_their_addresses(queue: Queue) -> None:
    [job_id] = await queue.defer(jobs("a"))
    assert await queue.unfinished() == {job_id: ["192.0.2.1"]}
    assert await queue.unfinished_among([job_id, job_id + 1]) == {job_id}
    assert await queue.waiting() == {"any": 1}


async def test_a_queue_of_another_version_is_refused_by_workers_and_recreated_by_the_leader(
    queue: Queue,
) -> None:
    await queue.defer(jobs("a"))
    await queue.prepare(may_remake=True)
    assert await queue.waiting() == {"any": 1}
    async with queue.pool.connection() as connection:
        await connection.execute("COMMENT ON SCHEMA tlsprobe_jobs IS 'of another version'")
    with pytest.raises(QueueVersionError, match="same version"):
        await queue.prepare(may_remake=False)
    await queue.prepare(may_remake=True)
    assert await queue.waiting() == {}
