"""What is verified from memory: facts that are stored, shown and unchanged, in little room, and never newer ones' place."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import FrameType

import pytest

import probe
from model.clock import SystemClock
from model.endpoint_state import NEVER_VISITED, Advanced, Visit, advance
from model.observation import Mode, Observation
from model.target import Endpoint, Target
from model.target_labels import TRUST_STORES
from model.verification.remembered import Known, Remembered
from model.version import TOOL_VERSION
from policy import PolicySet
from probe.checks.verification_plan import plan_of
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from scheduling.visit import judged
from service.inventory.inventory import Inventory
from service.judging.policy_evaluator import PolicyEvaluator
from storage import SqlStore
from tests.policy.observed import policy
from tests.probe.checks.simulation import ENDPOINT, Simulation
from tests.probe.checks.test_verify import ECDHE_SUITES, known
from tests.probe.programmable import wire
from tests.probe.programmable.server_model import ServerModel
from tests.service.samples import certificate, deployment
from tests.service.visits import finish
from tests.storage.samples import schedule

MODEL = ServerModel(
    cipher_suites={wire.TLSV1_2: tuple(ECDHE_SUITES[:2])},
    groups=(wire.X25519,),
    shows_certificate=False,
)
ANOTHER_MODEL = replace(MODEL, cipher_suites={wire.TLSV1_2: tuple(ECDHE_SUITES[:3])})
POLICY = policy("web", {"protocol_versions": {"allowed": ["TLSv1.3"]}})
KEY = ENDPOINT.key
PROBE = str(Path(probe.__file__).parent)
ENDPOINTS = 200
MOST_BYTES = 4_000
MOST_CALLS = 650
"""565 when this was written, nearly all of them for the five questions."""


@dataclass(slots=True)
class World:
    """A service of one endpoint without its scheduler: engine, judgement, inventory and database."""

    store: SqlStore
    evaluator: PolicyEvaluator
    inventory: Inventory

    async def take(self, seen: Observation, remembered: Known | None = None) -> Advanced:
        """Judges, shows and stores the visit, as the scheduler does."""
        judge = self.evaluator.judge
        visit = await judged(judge, self.store.latest, seen, schedule(seen), remembered)
        self.inventory.visit_finished(visit)
        advanced = await self.store.record_visit(visit)
        self.inventory.visit_stored(visit, advanced)
        return advanced

    @property
    def remembered(self) -> Remembered:
        found = self.inventory.remembered.get(KEY)
        assert found is not None
        return found


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    evaluator = PolicyEvaluator(PolicySet(policies=(POLICY,)))
    inventory = Inventory(SystemClock(), lambda: {KEY}, evaluator, plan_of)
    async with await SqlStore.open(f"sqlite:///{tmp_path / 'store.db'}") as store:
        yield World(store, evaluator, inventory)


async def enumerated(model: ServerModel = MODEL) -> Observation:
    return replace(await known(model), tool_version=TOOL_VERSION, certificates=())


async def visit(model: ServerModel, remembered: Remembered) -> Observation:
    engine = Engine(ProbeSettings(), SystemClock(), stream=lambda _options, _: Simulation(model))
    return await engine.visit(ENDPOINT, known=remembered)


async def test_a_visit_from_memory_confirms_the_stored_facts_as_often_as_it_is_made(
    world: World,
) -> None:
    first = await world.take(await enumerated())
    for visits in (2, 3):
        seen = await visit(MODEL, world.remembered)
        assert seen.mode is Mode.VERIFY
        advanced = await world.take(seen, world.remembered)
        assert (advanced.transition, advanced.state.visits) == (None, visits)
        assert advanced.state.facts_digest == first.state.facts_digest
    latest = await world.store.latest(KEY)
    assert latest is not None
    assert plan_of(latest) == world.remembered.plan


async def test_a_change_of_the_server_starts_a_full_visit(world: World) -> None:
    await world.take(await enumerated())
    assert (await visit(ANOTHER_MODEL, world.remembered)).mode is Mode.ENUMERATE


async def test_facts_that_another_process_stored_are_not_replaced_by_older_ones(
    world: World,
) -> None:
    await world.take(await enumerated())
    outdated = world.remembered
    newer = replace(await enumerated(ANOTHER_MODEL), started_at=outdated.facts.started_at)
    newer = replace(newer, started_at=newer.started_at + timedelta(hours=1))
    stored = await world.store.record_visit(Visit(observation=newer, schedule=schedule(newer)))
    changes = await world.store.changes()
    advanced = await world.take(await visit(MODEL, outdated), outdated)
    assert advanced.state.facts_digest == stored.state.facts_digest
    assert advanced.state.visits == stored.state.visits + 1
    assert await world.store.changes() == changes
    assert world.inventory.remembered.get(KEY) is None, "the next visit reads the newer facts"


async def test_results_that_changed_get_the_evidence_that_only_the_store_has(world: World) -> None:
    await world.take(await enumerated())
    before = world.remembered
    world.evaluator.book = PolicySet(
        policies=(policy("strict", {"protocol_versions": {"allowed": ["TLSv1.3"]}}),)
    )
    seen = await visit(MODEL, before)
    assert seen.protocols == before.facts.protocols, "memory has no evidence"
    await world.take(seen, before)
    (finding,) = (one for one in await world.store.findings() if one.result.policy == "strict")
    assert finding.result.evidence is not None
    assert world.remembered.assessment_digest != before.assessment_digest


async def test_facts_are_not_remembered_before_they_are_stored(world: World) -> None:
    await world.take(await enumerated())
    seen = replace(await enumerated(ANOTHER_MODEL), started_at=SystemClock().now())
    finished = await world.evaluator.judge(seen, schedule(seen))
    world.inventory.visit_finished(finished)
    assert world.inventory.remembered.get(KEY) is None
    world.inventory.visit_stored(finished, await world.store.record_visit(finished))
    assert world.remembered.facts_digest == finished.facts_digest


async def test_visits_that_began_with_other_settings_are_not_remembered(world: World) -> None:
    seen = await enumerated()
    world.inventory.remembered.forget_all(seen.started_at + timedelta(seconds=1))
    await world.take(seen)
    assert world.inventory.remembered.get(KEY) is None
    await world.take(replace(seen, started_at=seen.started_at + timedelta(seconds=1)))
    assert world.remembered.facts.protocols


async def test_a_certificate_that_expires_between_visits_needs_its_bytes() -> None:
    leaf = certificate()
    assert leaf.not_after is not None
    engine = Engine(ProbeSettings(trust_stores={}), SystemClock())
    facts = replace(
        await enumerated(),
        certificates=(deployment(leaf=leaf),),
        started_at=leaf.not_after - timedelta(days=2),
    )
    day_before = leaf.not_after - timedelta(days=1)
    assert engine.is_still_judged(facts, ENDPOINT, day_before)
    assert not engine.is_still_judged(facts, ENDPOINT, leaf.not_after)
    labels = {**ENDPOINT.target.labels, TRUST_STORES: "own"}
    relabelled = replace(ENDPOINT, target=replace(ENDPOINT.target, labels=labels))
    assert not engine.is_still_judged(facts, relabelled, day_before), "judged by other trust stores"


async def test_what_is_fetched_or_looked_up_needs_more_than_a_plan() -> None:
    seen = await enumerated()
    assert Engine(ProbeSettings(), SystemClock()).plan(seen) is not None
    for settings in (ProbeSettings(fetch=True), ProbeSettings(dns_records=True)):
        assert Engine(settings, SystemClock()).plan(seen) is None


async def test_an_endpoint_takes_at_most_four_kilobytes() -> None:
    """With a name, a leaf and a finding of its own, and the configuration of many others."""
    seen, evaluator = await enumerated(), PolicyEvaluator(PolicySet(policies=(POLICY,)))

    def filled(count: int) -> Inventory:
        inventory = Inventory(SystemClock(), tuple, evaluator, plan_of)
        for number in range(count):
            visit = finish(inventory, _of_its_own(seen, number), evaluator)
            inventory.visit_stored(visit, advance(NEVER_VISITED, visit))
        return inventory

    filled(1)
    tracemalloc.start()
    try:
        inventory = filled(ENDPOINTS)
        gc.collect()
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held / ENDPOINTS <= MOST_BYTES
    keys = (_of_its_own(seen, number).endpoint.key for number in range(ENDPOINTS))
    remembered = [inventory.remembered.get(key) for key in keys]
    assert None not in remembered
    assert len({id(one.plan) for one in remembered if one is not None}) == 1


def _of_its_own(seen: Observation, number: int) -> Observation:
    target = Target(host=f"host{number}.test", port=443, server_name="zoo.test")
    leaf = replace(certificate(f"CN=host{number}.test"), sha256=f"{number:064x}")
    return replace(
        seen,
        endpoint=Endpoint(target=target, address="127.0.0.1"),
        certificates=(deployment(leaf=leaf),),
    )


async def test_a_verification_makes_few_calls(world: World) -> None:
    """Calls of the functions in ``probe``: a number that does not depend on the machine."""
    await world.take(await enumerated())
    await visit(MODEL, world.remembered)
    calls = 0

    def count(frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code.co_filename.startswith(PROBE)

    sys.setprofile(count)
    try:
        await visit(MODEL, world.remembered)
    finally:
        sys.setprofile(None)
    assert calls <= MOST_CALLS
