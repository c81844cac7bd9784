"""The service judges its observations: in the inventory, by the policies and waivers in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from model.findings.finding import FindingStatus, Waiver
from model.observation import Observation
from model.snapshot import EndpointStatus
from model.verdict import Verdict
from policy import PolicyError, PolicySet
from service.inventory.inventory import Inventory
from service.judging.policy_evaluator import PolicyEvaluator, declared_targets
from tests.policy.observed import policy
from tests.service.samples import NOW, failed, legacy, modern
from tests.service.test_inventory import HandClock
from tests.service.visits import finish

WEB = policy("web", {"reachable": {}, "protocol_versions": {"allowed": ["TLSv1.2", "TLSv1.3"]}})
STRICT = policy("web", {"reachable": {}, "protocol_versions": {"allowed": ["TLSv1.3"]}})


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def desk() -> PolicyEvaluator:
    return PolicyEvaluator(PolicySet(policies=(WEB,)))


@pytest.fixture
def inventory(clock: HandClock, desk: PolicyEvaluator) -> Inventory:
    every = {one.endpoint.key for one in (modern(), legacy(), failed())}
    return Inventory(clock, lambda: every, desk)


def status_of(inventory: Inventory, observation: Observation) -> EndpointStatus:
    key = observation.endpoint.key
    return next(
        one for one in inventory.snapshot().endpoints if one.observation.endpoint.key == key
    )


def test_a_visit_is_judged_at_once(inventory: Inventory, desk: PolicyEvaluator) -> None:
    finish(inventory, legacy(), desk)
    status = status_of(inventory, legacy())
    assert status.compliance == {"web": Verdict.NO}
    (finding,) = status.findings
    assert (finding.result.rule, finding.status) == ("protocol_versions", FindingStatus.OPEN)
    assert finding.result.evidence is None


def test_an_unreachable_endpoint_keeps_its_findings_and_gets_one_more(
    inventory: Inventory, desk: PolicyEvaluator
) -> None:
    finish(inventory, legacy(), desk)
    silent = replace(failed(), endpoint=legacy().endpoint, started_at=NOW + timedelta(hours=1))
    finish(inventory, silent, desk)
    found = {one.result.rule for one in status_of(inventory, legacy()).findings}
    assert found == {"protocol_versions", "reachable"}


def test_a_finding_resolved_before_a_restart_is_reopened_when_it_returns(
    inventory: Inventory, desk: PolicyEvaluator, clock: HandClock
) -> None:
    finish(inventory, legacy(), desk)
    (opened,) = status_of(inventory, legacy()).findings
    key = legacy().endpoint.key
    resolved = replace(opened, status=FindingStatus.RESOLVED, resolved_at=NOW)
    restarted = Inventory(clock, lambda: {key}, desk)
    mended = replace(status_of(inventory, legacy()), findings=())
    restarted.remember([mended])
    restarted.remember_resolved({key: [resolved], "gone:443@192.0.2.9": [resolved]})
    finish(restarted, replace(legacy(), started_at=NOW + timedelta(hours=1)), desk)
    (finding,) = status_of(restarted, legacy()).findings
    assert (finding.status, finding.reopened) == (FindingStatus.OPEN, 1)


def test_a_waiver_counts_until_it_expires(
    inventory: Inventory, desk: PolicyEvaluator, clock: HandClock
) -> None:
    finish(inventory, legacy(), desk)
    waiver = Waiver(
        name="tills",
        rule="protocol_versions",
        reason="Until they are replaced.",
        owner="pay@example",
        expires_at=NOW + timedelta(days=3),
    )
    desk.kept[waiver.name] = waiver
    assert status_of(inventory, legacy()).findings[0].status is FindingStatus.WAIVED
    clock.time = NOW + timedelta(days=3)
    assert status_of(inventory, legacy()).findings[0].status is FindingStatus.OPEN


async def test_new_policies_judge_the_known_facts(
    inventory: Inventory, desk: PolicyEvaluator
) -> None:
    finish(inventory, modern(), desk)
    assert status_of(inventory, modern()).compliance == {"web": Verdict.YES}
    desk.book = PolicySet(policies=(STRICT,))
    await inventory.judge_again()
    assert status_of(inventory, modern()).compliance == {"web": Verdict.NO}
    desk.book = PolicySet()
    await inventory.judge_again()
    status = status_of(inventory, modern())
    assert (status.compliance, status.findings) == ({}, ())


def test_declared_endpoints_have_the_labels_of_their_policy() -> None:
    declaring = policy("db", {"reachable": {}}, labels={"data": ("sensitive", "secret")})
    declaring = replace(declaring, endpoints=("db.example:5432",))
    (target,) = declared_targets(PolicySet(policies=(declaring,)))
    assert (target.key, target.labels) == ("db.example:5432", {"data": "sensitive"})


def test_an_invalid_declared_endpoint_is_reported_with_its_policy() -> None:
    declaring = replace(policy("db", {"reachable": {}}), endpoints=("db.example:port",))
    with pytest.raises(PolicyError, match=r"the policy db declares 'db.example:port'"):
        declared_targets(PolicySet(policies=(declaring,)))
