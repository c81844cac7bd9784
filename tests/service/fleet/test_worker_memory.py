"""A worker verifies what it remembers: real claims, a real Store and engine; the server's answers are simulated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from psycopg_pool import AsyncConnectionPool

from model.clock import SystemClock
from model.endpoint_state import Visit
from model.observation import Mode, Observation
from model.query import EVERYWHERE
from model.target import Endpoint
from model.verification.plan import VerificationPlan
from model.verification.remembered import Known, Remembered
from policy import PolicySet
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from scheduling.jobs import SchedulerSettings
from service.fleet.leases import Leases
from service.fleet.limiter import Limiter
from service.fleet.queue import Queue, Times
from service.fleet.request import Request
from service.fleet.settlement import Settlement, Settling
from service.fleet.visitor import Visitor, Ways
from service.fleet.worker_memory import WorkerMemory
from service.judging.policy_evaluator import PolicyEvaluator
from storage import SqlStore, StoreError
from tests.policy.observed import policy
from tests.probe.checks.simulation import ENDPOINT, Simulation
from tests.probe.programmable.server_model import ServerModel
from tests.service.test_remembered_visits import ANOTHER_MODEL, MODEL, POLICY, enumerated
from tests.storage.samples import NOON, observation, schedule
from tests.storage.statements import statements

pytestmark = pytest.mark.integration


@dataclass(slots=True)
class Worker:
    """A worker with a memory of its own; ``visits`` has the mode of each visit, and whether it was from memory."""

    store: SqlStore
    claims: Leases
    worker_id: int
    evaluator: PolicyEvaluator
    pool: AsyncConnectionPool[Any]
    visits: list[tuple[Mode, bool]] = field(default_factory=list)
    model: ServerModel = MODEL
    visitor: Visitor = field(init=False)

    def __post_init__(self) -> None:
        clock = SystemClock()
        engine = Engine(
            ProbeSettings(trust_stores={}), clock, stream=lambda *_: Simulation(self.model)
        )

        async def visit(endpoint: Endpoint, known: Known | None) -> Observation:
            seen = await engine.visit(endpoint, known=known)
            if seen.mode is Mode.ENUMERATE:
                # The simulated server refuses SSL 2.0, which its protocol cannot say.
                whole = await enumerated(self.model)
                seen = replace(whole, endpoint=endpoint, started_at=seen.started_at)
            self.visits.append((seen.mode, isinstance(known, Remembered)))
            return seen

        self.visitor = Visitor(
            ways=Ways(
                beside_others=visit,
                alone=visit,
                judge=self.evaluator.judge,
                memory=WorkerMemory(engine.plan, engine.is_still_judged),
            ),
            records=self.store,
            claims=self.claims,
            slots=Limiter(4),
            clock=clock,
            settings=SchedulerSettings(),
        )

    @property
    def transactions(self) -> int:
        """How often a connection to the claims was used."""
        return self.pool.get_stats()["requests_num"]

    async def visit(self) -> tuple[Mode, bool]:
        """The mode of the next visit, and whether the worker remembered the endpoint."""
        last = await self.store.last_visits([ENDPOINT.key])
        at = last[ENDPOINT.key].ended_at if last else None
        request = Request(endpoint=ENDPOINT, visited_at=at, is_to_verify=True)
        await self.visitor.visit([request], self.worker_id)
        return self.visits[-1]


@pytest.fixture
async def workers(postgresql_url: str) -> AsyncIterator[tuple[Worker, Worker]]:
    evaluator = PolicyEvaluator(PolicySet(policies=(POLICY,)))
    async with (
        await SqlStore.open(postgresql_url) as store,
        Queue(postgresql_url, Times(dead_after=20)).open() as queue,
    ):
        await queue.prepare(may_remake=False)
        ids = [await queue.app.job_manager.register_worker() for _ in range(2)]
        claims = Leases(queue.pool, 20)
        first, second = (Worker(store, claims, one, evaluator, queue.pool) for one in ids)
        yield first, second


async def test_an_unchanged_endpoint_is_verified_without_reading_its_observation(
    workers: tuple[Worker, Worker],
) -> None:
    worker, _ = workers
    assert await worker.visit() == (Mode.ENUMERATE, False)
    for visits in (2, 3):
        with statements() as executed:
            assert await worker.visit() == (Mode.VERIFY, True)
        assert not [one for one in executed if "observations" in one or "evidence" in one]
        # The revision and the endpoint's row are read before the update, the last visit by the test and the worker.
        assert [one.split()[0] for one in executed].count("UPDATE") == 1
        assert len(executed) == 5
        (status,) = await worker.store.statuses()
        assert status.observation.mode is Mode.VERIFY
        (period,) = await worker.store.history(EVERYWHERE)
        assert period.visits == visits


async def test_another_worker_reads_the_facts_once_and_remembers_them(
    workers: tuple[Worker, Worker],
) -> None:
    first, second = workers
    await first.visit()
    assert await second.visit() == (Mode.VERIFY, False)
    assert await second.visit() == (Mode.VERIFY, True)
    assert await first.visit() == (Mode.VERIFY, True), "the facts are still those that it remembers"


async def test_newer_facts_of_another_worker_replace_what_is_remembered(
    workers: tuple[Worker, Worker],
) -> None:
    first, second = workers
    await first.visit()
    first.model = second.model = ANOTHER_MODEL
    assert await second.visit() == (Mode.ENUMERATE, False)
    changes = await first.store.changes()
    assert changes
    assert await first.visit() == (Mode.VERIFY, False)
    assert await first.visit() == (Mode.VERIFY, True)
    assert await first.store.changes() == changes


async def test_a_change_of_a_remembered_server_is_found_and_stored(
    workers: tuple[Worker, Worker],
) -> None:
    worker, _ = workers
    await worker.visit()
    assert await worker.visit() == (Mode.VERIFY, True)
    worker.model = ANOTHER_MODEL
    assert await worker.visit() == (Mode.ENUMERATE, True)
    assert await worker.store.changes()
    assert await worker.visit() == (Mode.VERIFY, True)


async def test_results_that_change_are_stored_with_evidence(workers: tuple[Worker, Worker]) -> None:
    worker, _ = workers
    await worker.visit()
    strict = policy("strict", {"protocol_versions": {"allowed": ["TLSv1.3"]}})
    worker.evaluator.book = PolicySet(policies=(strict,))
    assert await worker.visit() == (Mode.VERIFY, True)
    (found,) = (one for one in await worker.store.findings() if one.result.policy == "strict")
    assert found.result.evidence is not None
    assert await worker.visit() == (Mode.VERIFY, True)


async def test_the_oldest_visits_are_forgotten_first(postgresql_url: str) -> None:
    memory = WorkerMemory(lambda _: VerificationPlan(picks=(), refusals=()), most=2)
    seen = [observation(f"host{number}.example") for number in range(3)]
    async with await SqlStore.open(postgresql_url) as store:
        for one in (seen[0], seen[1], seen[0], seen[2]):
            visit = Visit(observation=one, schedule=schedule(one))
            memory.visit_stored(visit, await store.record_visit(visit))
        stored = await store.last_visits([one.endpoint.key for one in seen])
    found = [memory.recall(one.endpoint, stored[one.endpoint.key], NOON) for one in seen]
    assert [one is not None for one in found] == [True, False, True]


async def test_visits_that_end_during_a_transaction_share_the_next_one(
    workers: tuple[Worker, Worker],
) -> None:
    worker, other = workers
    seen = [observation(f"host{number}.example") for number in range(12)]
    visits = [Visit(observation=one, schedule=schedule(one)) for one in seen]
    *own, lost = (visit.key for visit in visits)
    await worker.claims.take(own, worker.worker_id)
    await worker.claims.take([lost], other.worker_id)
    first_is_stored, may_go_on = asyncio.Event(), asyncio.Event()
    refused, failures = visits[5].key, 0

    async def store(visit: Visit) -> None:
        nonlocal failures
        first_is_stored.set()
        await may_go_on.wait()
        if visit.key == refused and not failures:
            failures += 1
            raise StoreError("the disk is full")
        await worker.store.record_visit(visit)

    settlement = Settlement(worker.claims, store)
    entries = [Settling(visit=one, worker_id=worker.worker_id) for one in visits]
    before = worker.transactions
    async with asyncio.TaskGroup() as group:
        first = group.create_task(settlement.settle(entries[0]))
        await first_is_stored.wait()
        cancelled = group.create_task(settlement.settle(entries[1]))
        others = [asyncio.ensure_future(settlement.settle(one)) for one in entries[2:]]
        await asyncio.sleep(0)
        cancelled.cancel()
        may_go_on.set()
        results = await asyncio.gather(*others, return_exceptions=True)
    assert first.done()
    assert worker.transactions - before == 2
    assert [str(one) for one in results if one] == ["the disk is full"]
    await settlement.settle(entries[5])
    stored = {one.observation.endpoint.key for one in await worker.store.statuses()}
    assert stored == set(own) - {visits[1].key}
    assert [one.is_ours for one in entries] == [True, False, *9 * [True], False]
    assert await worker.claims.take(own, other.worker_id) == set(own) - {visits[1].key}


async def test_a_cancelled_transaction_is_made_again_for_the_others(
    workers: tuple[Worker, Worker],
) -> None:
    worker, _ = workers
    seen = [observation(f"host{number}.example") for number in range(3)]
    visits = [Visit(observation=one, schedule=schedule(one)) for one in seen]
    await worker.claims.take([one.key for one in visits], worker.worker_id)
    starts: asyncio.Queue[str] = asyncio.Queue()
    may_go_on = asyncio.Event()

    async def store(visit: Visit) -> None:
        starts.put_nowait(visit.key)
        await may_go_on.wait()
        await worker.store.record_visit(visit)

    settlement = Settlement(worker.claims, store)
    entries = [Settling(visit=one, worker_id=worker.worker_id) for one in visits]
    tasks = [asyncio.create_task(settlement.settle(one)) for one in entries]
    # The first visit is a group of its own; the second one's task stores itself and the third.
    assert await starts.get() == visits[0].key
    may_go_on.set()
    await tasks[0]
    may_go_on.clear()
    assert {await starts.get() for _ in range(2)} == {one.key for one in visits[1:]}
    tasks[1].cancel()
    may_go_on.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert tasks[1].cancelled()
    assert entries[2].is_stored
