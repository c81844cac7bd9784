"""After a restart only what other policies, claims or versions judged is judged again, and that at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from model.claims import Claim, ClaimedRule
from model.findings.finding import FindingStatus, Waiver
from model.observation import Observation
from model.verdict import Verdict
from policy import Policy, PolicySet
from service.inventory.inventory import Inventory
from service.inventory.newer_statuses import read_newer_statuses
from service.judging.policy_evaluator import PolicyEvaluator
from storage import SqlStore
from tests.policy.observed import policy
from tests.service.samples import NOW, certificate, deployment, failed, legacy, modern
from tests.service.test_inventory import HandClock
from tests.service.test_judged_once import CountingEvaluator
from tests.service.test_policy_desk import STRICT, WEB
from tests.service.visits import judged

OF_WEB_TEAM = policy(
    "team", {"protocol_versions": {"allowed": ["TLSv1.3"]}}, labels={"team": ("web",)}
)
VALID = policy("valid", {"certificate_validity": {}})


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with await SqlStore.open(f"sqlite:///{tmp_path / 'store.db'}") as opened:
        yield opened


async def visit(store: SqlStore, *seen: Observation, policies: PolicySet) -> None:
    evaluator = PolicyEvaluator(policies)
    for one in seen:
        await store.record_visit(judged(one, evaluator=evaluator))


async def restart(store: SqlStore, policies: PolicySet) -> tuple[Inventory, CountingEvaluator]:
    """The inventory of a new process with these policies, once everything is judged."""
    evaluator = CountingEvaluator(policies)
    every = {one.endpoint.key for one in (modern(), legacy(), failed())}
    inventory = Inventory(HandClock(), lambda: every, evaluator)
    await read_newer_statuses(store, inventory)
    await inventory.judge_again()
    return inventory, evaluator


def compliance(inventory: Inventory, observation: Observation) -> dict[str, Verdict]:
    status = inventory.status(observation.endpoint.key)
    assert status is not None
    return dict(status.compliance)


async def test_nothing_is_judged_if_nothing_changed(store: SqlStore) -> None:
    policies = PolicySet(policies=(WEB, OF_WEB_TEAM))
    await visit(store, modern(), legacy(), failed(), policies=policies)
    inventory, evaluator = await restart(store, policies)
    assert evaluator.judged == 0
    assert compliance(inventory, legacy())["web"] is Verdict.NO
    every, now = await restart(store, PolicySet(policies=(OF_WEB_TEAM, WEB)))
    assert now.judged == 0, "the order of policies does not matter"
    for one in (modern(), legacy(), failed()):
        assert every.status(one.endpoint.key) == inventory.status(one.endpoint.key)


@pytest.mark.parametrize(
    ("policies", "judged_again"),
    [((STRICT,), 2), ((WEB, STRICT), 2), ((), 2), ((WEB, OF_WEB_TEAM), 1)],
    ids=["another text", "one of them has another text", "none", "one more for some endpoints"],
)
async def test_endpoints_are_judged_by_the_policies_that_apply_now(
    store: SqlStore, policies: tuple[Policy, ...], judged_again: int
) -> None:
    other = _with_labels(legacy(), {"team": "mail"})
    await visit(store, modern(), other, policies=PolicySet(policies=(WEB,)))
    now = PolicySet(policies=policies)
    inventory, evaluator = await restart(store, now)
    assert evaluator.judged == judged_again
    for one in (modern(), other):
        expected = PolicyEvaluator(now).assess(one)
        verdicts = {name: expected.compliance(name) for name in expected.policies}
        assert compliance(inventory, one) == verdicts


async def test_results_of_another_version_are_judged_again(store: SqlStore) -> None:
    policies = PolicySet(policies=(WEB,))
    await visit(store, replace(modern(), tool_version="0.0.9"), legacy(), policies=policies)
    _, evaluator = await restart(store, policies)
    assert evaluator.judged == 1


async def test_a_visit_that_was_not_judged_is_judged(store: SqlStore) -> None:
    policies = PolicySet(policies=(STRICT,))
    await visit(store, modern(), policies=policies)
    later = replace(modern(), started_at=NOW + timedelta(hours=1))
    await store.record_visit(replace(judged(later), assessment=None))
    inventory, evaluator = await restart(store, policies)
    assert evaluator.judged == 1
    assert compliance(inventory, modern()) == {"web": Verdict.NO}


async def test_new_labels_and_claims_that_another_address_brought_are_judged(
    store: SqlStore,
) -> None:
    """Two addresses of a target share labels and claims; only one was visited since they changed."""
    policies = PolicySet(policies=(WEB, OF_WEB_TEAM))
    mail = _with_labels(modern(), {"team": "mail"})
    first, second = mail, replace(mail, endpoint=replace(mail.endpoint, address="192.0.2.77"))
    await visit(store, first, second, policies=policies)
    assert (await restart(store, policies))[1].judged == 0
    claim = Claim(
        name="policy",
        statement="TLS 1.3 only",
        source="a test",
        resource="listener/1",
        rules=(ClaimedRule(rule="protocol_versions", parameters={"allowed": ["TLSv1.3"]}),),
    )
    target = replace(first.endpoint.target, labels={"team": "web"}, claims=(claim,))
    again = replace(
        first,
        endpoint=replace(first.endpoint, target=target),
        started_at=NOW + timedelta(hours=1),
    )
    await visit(store, again, policies=policies)
    inventory, evaluator = await restart(store, policies)
    assert evaluator.judged == 1
    assert compliance(inventory, second) == compliance(inventory, first)
    assert compliance(inventory, second).keys() == {"web", "team", "claims"}


async def test_a_certificate_that_expired_between_two_visits_is_shown_as_expired(
    store: SqlStore,
) -> None:
    """The newest visit found the same facts as the first one, on another day."""
    policies = PolicySet(policies=(VALID,))
    leaf = certificate(days_left=1)
    seen = replace(modern(), certificates=(deployment(leaf=leaf),))
    await visit(store, seen, policies=policies)
    assert compliance((await restart(store, policies))[0], seen) == {"valid": Verdict.YES}
    await visit(store, replace(seen, started_at=NOW + timedelta(days=2)), policies=policies)
    inventory, evaluator = await restart(store, policies)
    assert (evaluator.judged, compliance(inventory, seen)) == (0, {"valid": Verdict.NO})


async def test_waivers_apply_without_a_new_judgement(store: SqlStore) -> None:
    policies = PolicySet(policies=(WEB,))
    await visit(store, legacy(), policies=policies)
    inventory, evaluator = await restart(store, policies)
    waiver = Waiver(
        name="tills",
        rule="protocol_versions",
        reason="Until they are replaced.",
        owner="pay@example",
        expires_at=NOW + timedelta(days=3),
    )
    evaluator.kept[waiver.name] = waiver
    (shown,) = inventory.snapshot().endpoints
    assert [one.status for one in shown.findings] == [FindingStatus.WAIVED]
    assert evaluator.judged == 0


def _with_labels(observation: Observation, labels: dict[str, str]) -> Observation:
    target = replace(observation.endpoint.target, labels=labels)
    return replace(observation, endpoint=replace(observation.endpoint, target=target))
