"""A visit is judged once, however many attempts to store it; memory and database get the same results."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

from model.clock import SystemClock
from model.endpoint_state import Advanced, Visit
from model.findings.finding import Assessment
from model.observation import Observation
from model.target import Endpoint, Target
from model.verification.remembered import Known
from policy import PolicySet
from scheduling.jobs import Probing, SchedulerSettings
from scheduling.resolve import Resolution
from scheduling.scheduler import Scheduler
from service.inventory.inventory import Inventory
from service.judging.policy_evaluator import PolicyEvaluator
from storage import SqlStore
from tests.scheduling.world import World
from tests.service.samples import legacy
from tests.service.test_policy_desk import WEB
from tests.service.visits import judged


class CountingEvaluator(PolicyEvaluator):
    """Counts its judgements."""

    judged = 0

    def assess(self, observation: Observation) -> Assessment:
        """Judges like the evaluator."""
        self.judged += 1
        return super().assess(observation)


class Listener(World):
    """Forwards the scheduler's reports to the Inventory, and to tests that wait for them."""

    def __init__(self, inventory: Inventory) -> None:
        super().__init__()
        self.inventory = inventory
        self.write_failed, self.was_stored = asyncio.Event(), asyncio.Event()

    def visit_finished(self, visit: Visit) -> None:
        """Show it at once."""
        self.inventory.visit_finished(visit)

    def visit_stored(self, visit: Visit, advanced: Advanced) -> None:
        """Show it as stored in the database."""
        self.inventory.visit_stored(visit, advanced)
        self.was_stored.set()

    def store_write_failed(self) -> None:
        """Signal the failure; the first one is enough."""
        self.write_failed.set()


async def visit_legacy(endpoint: Endpoint, known: Known | None) -> Observation:
    del endpoint, known
    return legacy()


async def resolve_legacy(target: Target) -> Resolution:
    del target
    return Resolution(endpoints=(legacy().endpoint,), failure=None)


async def test_a_visit_is_judged_once_even_if_its_first_write_fails(tmp_path: Path) -> None:
    path, key = tmp_path / "store.db", legacy().endpoint.key
    evaluator = CountingEvaluator(PolicySet(policies=(WEB,)))
    inventory = Inventory(SystemClock(), lambda: {key}, evaluator)
    listener = Listener(inventory)
    async with await SqlStore.open(f"sqlite:///{path}", busy_timeout_seconds=0.0) as store:
        scheduler = Scheduler(
            probing=Probing(visit=visit_legacy, resolve=resolve_legacy, judge=evaluator.judge),
            store=store,
            clock=SystemClock(),
            settings=SchedulerSettings(),
            meter=listener,
        )
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await scheduler.set_targets([legacy().endpoint.target])
            running = asyncio.create_task(scheduler.run())
            await listener.write_failed.wait()
            (shown,) = inventory.snapshot().endpoints
            assert [one.result.rule for one in shown.findings] == ["protocol_versions"]
            other.execute("ROLLBACK")
        await listener.was_stored.wait()
        await scheduler.stop()
        await running
        (stored,) = await store.statuses()
    assert evaluator.judged == 1
    assert inventory.status(key) is shown, "the database says what was shown"
    assert (stored.findings, stored.compliance) == (shown.findings, shown.compliance)


async def test_results_of_policies_that_changed_meanwhile_are_shown() -> None:
    """The policies change after a visit was judged and before it ends."""
    evaluator = PolicyEvaluator(PolicySet(policies=(WEB,)))
    inventory = Inventory(SystemClock(), lambda: {legacy().endpoint.key}, evaluator)
    visit = judged(legacy(), evaluator=evaluator)
    evaluator.book = PolicySet()
    await inventory.judge_again()
    inventory.visit_finished(visit)
    status = inventory.status(visit.key)
    assert status is not None
    assert (status.findings, status.compliance) == ((), {})
