"""The scheduler's side with a real queue and a real Store; the worker is simulated, so that it fails on demand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from model.clock import SystemClock
from model.endpoint_state.schedule import Schedule
from model.observation import Cost, Mode, Observation, State
from model.ports import NotVisitedError
from model.target import Endpoint
from model.version import TOOL_VERSION
from service.fleet.dispatcher import Dispatcher
from service.fleet.leases import Leases
from service.fleet.queue import Queue, Times
from service.fleet.request import Request, requests_from_json
from service.inventory.inventory import Inventory
from storage import SqlStore
from tests.service.fleet.test_batches import request

pytestmark = pytest.mark.integration

OFTEN_SECONDS = 0.25
ENDPOINT = request("a.example", "192.0.2.1").endpoint
NEIGHBOUR = request("b.example", "192.0.2.1").endpoint


def seen(endpoint: Endpoint, state: State = State.TLS) -> Observation:
    return Observation(
        tool_version=TOOL_VERSION,
        mode=Mode.ENUMERATE,
        endpoint=endpoint,
        started_at=datetime.now(UTC),
        cost=Cost(duration_seconds=0.5),
        state=state,
        reason=None if state is State.TLS else "It is quarantined.",
    )


@dataclass(slots=True, kw_only=True)
class World:
    """A leader's parts, and a simulated worker."""

    queue: Queue
    store: SqlStore
    claims: Leases
    inventory: Inventory
    dispatcher: Dispatcher
    worker_id: int

    async def fetch(self) -> list[Request]:
        """The requests of the next job, once there is one."""
        while True:
            job = await self.queue.app.job_manager.fetch_job(["any"], self.worker_id)
            if job is not None:
                self.job_id = job.id
                requests = job.task_kwargs["requests"]
                assert isinstance(requests, list)
                return requests_from_json([one for one in requests if isinstance(one, dict)])
            await asyncio.sleep(0.05)

    async def record(self, observation: Observation) -> None:
        """Does what a worker does after a visit."""
        schedule = Schedule(
            endpoint_key=observation.endpoint.key,
            due_at=observation.started_at + timedelta(hours=1),
            interval_seconds=3600.0,
            consecutive_failures=0,
        )
        await self.store.record(observation, schedule)

    async def finish(self) -> None:
        """Finishes the job that was fetched last."""
        async with self.queue.pool.connection() as connection:
            await connection.execute("DELETE FROM procrastinate_jobs WHERE status = 'doing'")

    job_id: int | None = None


@pytest.fixture
async def world(postgresql_url: str) -> AsyncIterator[World]:
    async with (
        await SqlStore.open(postgresql_url) as store,
        Queue(postgresql_url, Times(dead_after=20)).open() as queue,
    ):
        await queue.prepare(may_remake=False)
        claims = Leases(queue.pool, 20)
        inventory = Inventory(SystemClock(), tuple)
        dispatcher = Dispatcher(
            queue=queue, claims=claims, statuses=store, known=inventory, probes_per_job=50
        )
        running = asyncio.create_task(dispatcher.run(OFTEN_SECONDS))
        yield World(
            queue=queue,
            store=store,
            claims=claims,
            inventory=inventory,
            dispatcher=dispatcher,
            worker_id=await queue.app.job_manager.register_worker(),
        )
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_visit_ends_with_what_a_worker_recorded(world: World) -> None:
    visit = asyncio.create_task(world.dispatcher.visit(ENDPOINT, None))
    [asked] = await world.fetch()
    assert asked == Request(endpoint=ENDPOINT, visited_at=None, is_to_verify=False)
    await world.record(seen(ENDPOINT))
    world.dispatcher.visited(ENDPOINT.key)
    assert (await visit).state is State.TLS
    assert world.inventory.visited_at(ENDPOINT.key) is not None


async def test_the_next_visit_must_be_newer_than_the_last(world: World) -> None:
    await world.record(seen(ENDPOINT))
    world.inventory.remember(await world.store.statuses())
    visit = asyncio.create_task(world.dispatcher.visit(ENDPOINT, seen(ENDPOINT)))
    [asked] = await world.fetch()
    assert asked.is_to_verify
    assert asked.visited_at == world.inventory.visited_at(ENDPOINT.key)
    world.dispatcher.visited(ENDPOINT.key)
    await asyncio.sleep(2 * OFTEN_SECONDS)
    assert not visit.done()
    await world.record(seen(ENDPOINT))
    await world.finish()
    await visit


async def test_a_missed_notification_is_noticed_when_the_job_ends(world: World) -> None:
    visit = asyncio.create_task(world.dispatcher.visit(ENDPOINT, None))
    await world.fetch()
    await world.record(seen(ENDPOINT))
    await world.finish()
    assert (await visit).state is State.TLS


async def test_a_visit_that_its_job_did_not_make_is_released_and_may_be_requested_again(
    world: World,
) -> None:
    visit = asyncio.create_task(world.dispatcher.visit(ENDPOINT, None))
    await world.fetch()
    await world.finish()
    with pytest.raises(NotVisitedError):
        await visit
    visit = asyncio.create_task(world.dispatcher.visit(ENDPOINT, None))
    [again] = await world.fetch()
    assert again.key == ENDPOINT.key
    await world.record(seen(ENDPOINT))
    world.dispatcher.visited(ENDPOINT.key)
    await visit


async def test_a_quarantined_endpoint_keeps_its_last_result(world: World) -> None:
    await world.record(seen(ENDPOINT, State.ERROR))
    world.inventory.remember(await world.store.statuses())
    await world.claims.take([ENDPOINT.key], world.worker_id)
    until = datetime.now(UTC) + timedelta(hours=1)
    await world.claims.set_aside(ENDPOINT.key, world.worker_id, until)
    visit = asyncio.create_task(world.dispatcher.visit(ENDPOINT, None))
    await world.fetch()
    await world.finish()
    assert (await visit).state is State.ERROR


async def test_the_jobs_of_the_previous_leader_reserve_their_addresses(world: World) -> None:
    first = asyncio.create_task(world.dispatcher.visit(ENDPOINT, None))
    await world.fetch()
    successor = Dispatcher(
        queue=world.queue,
        claims=world.claims,
        statuses=world.store,
        known=world.inventory,
        probes_per_job=50,
    )
    await successor.adopt()
    running = asyncio.create_task(successor.run(OFTEN_SECONDS))
    second = asyncio.create_task(successor.visit(NEIGHBOUR, None))
    await asyncio.sleep(4 * OFTEN_SECONDS)
    assert await world.queue.waiting() == {}
    await world.record(seen(ENDPOINT))
    await world.finish()
    await first
    [asked] = await world.fetch()
    assert asked.key == NEIGHBOUR.key
    for task in (second, running):
        task.cancel()
    await asyncio.gather(second, running, return_exceptions=True)
