"""What people suppress in Security Hub becomes a waiver here, as long as it is suppressed there."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from model.findings.finding import Waiver
from pki.net_guard.gate import SocketGate
from policy import PolicySet
from service.daemon.imported_waivers import DeskOfImports
from service.delivery.suppressions import SuppressionSource
from service.http.waivers import WaiverDesk
from service.integrations.attempts import DeliveryError
from service.integrations.security_hub.notifier import SecurityHubSettings
from service.integrations.security_hub.suppressions import waiver_of
from service.judging.policy_evaluator import PolicyEvaluator
from storage import SqlStore
from tests.policy.observed import policy
from tests.service.delivery.alert_samples import finding, of
from tests.service.delivery.test_notifying import HandClock, desk_of
from tests.service.delivery.test_security_hub import key_of
from tests.support.aws_server import AwsServer, Fault
from tests.support.security_hub import REGION, HubOnLoopback


@dataclass
class Both:
    """Security Hub with one finding of ours, and a service that accepts what is suppressed there."""

    hub: HubOnLoopback
    source: SuppressionSource
    evaluator: PolicyEvaluator
    store: SqlStore
    clock: HandClock

    async def waivers(self) -> list[Waiver]:
        """The waivers after a comparison: those in force are those that are stored."""
        await self.source.round()
        stored = list(await self.store.waivers())
        assert stored == sorted(self.evaluator.kept.values(), key=lambda one: one.name)
        return stored


RULE = "protocol_versions"
OPEN = of(finding(RULE))
KEY = key_of(OPEN)


@pytest.fixture
async def both(aws: AwsServer, tmp_path: Path) -> AsyncIterator[Both]:
    hub, clock = HubOnLoopback(aws), HandClock()
    web = policy("intermediate", {RULE: {"allowed": ["TLSv1.3"]}})
    evaluator = PolicyEvaluator(PolicySet(policies=(web,)))
    settings = SecurityHubSettings.model_validate(
        {
            "type": "security_hub",
            "region": REGION,
            "endpoint_url": aws.url,
            "accept_suppressions": True,
            "suppressions_days": 30,
        }
    )
    async with (
        await SqlStore.open(f"sqlite:///{tmp_path / 'store.db'}") as store,
        desk_of(store, clock, type="security_hub", region=REGION, endpoint_url=aws.url) as desk,
    ):
        await desk.look(OPEN)
        waivers = DeskOfImports(WaiverDesk(evaluator, store, clock.now))
        source = SuppressionSource("ops", settings, SocketGate(), waivers, clock, lambda: True)
        yield Both(hub, source, evaluator, store, clock)
    assert aws.invalid == []


async def test_a_suppressed_finding_is_a_waiver_of_its_rule_at_its_target(both: Both) -> None:
    assert await both.waivers() == []
    both.hub.suppress(KEY, "alice", "until the tills are replaced")
    (waiver,) = await both.waivers()
    assert (waiver.policy, waiver.rule, waiver.target) == ("intermediate", RULE, "www.example:443")
    assert (waiver.owner, waiver.reason) == ("alice", "until the tills are replaced")
    # The suppression is of 2026-07-01, and 30 days are allowed.
    assert waiver.expires_at == datetime(2026, 8, 1, tzinfo=UTC)
    (entry,) = await both.store.audit_log()
    assert (entry.actor, entry.method, entry.subject) == ("alice", "security_hub", waiver.name)


async def test_the_same_suppression_is_written_once(both: Both) -> None:
    both.hub.suppress(KEY, "alice")
    assert await both.waivers() == await both.waivers()
    assert len(await both.store.audit_log()) == 1


async def test_a_lifted_suppression_removes_its_waiver_and_no_other(both: Both) -> None:
    other = Waiver(
        name="tills", rule=RULE, reason="r", owner="o", expires_at=datetime(2027, 1, 1, tzinfo=UTC)
    )
    await both.store.put_waiver(other)
    both.evaluator.kept[other.name] = other
    both.hub.suppress(KEY, "alice")
    assert len(await both.waivers()) == 2
    both.hub.findings[KEY]["Workflow"] = {"Status": "NOTIFIED"}
    assert await both.waivers() == [other]


async def test_a_waiver_of_ours_does_not_come_back_as_another_one(both: Both) -> None:
    note = "A waiver of tlsprobe accepts this finding."
    both.hub.suppress(KEY, "tlsprobe", note)
    assert await both.waivers() == []
    # A person may leave the note of a waiver that has ended.
    both.hub.suppress(KEY, "tlsprobe", "The waiver of tlsprobe has ended, and the finding is open.")
    assert len(await both.waivers()) == 1


async def test_an_old_suppression_is_no_waiver_any_more(both: Both) -> None:
    both.hub.suppress(KEY, "alice")
    assert len(await both.waivers()) == 1
    both.clock.advance(32 * 86_400)
    assert await both.waivers() == []


async def test_a_suppression_of_a_rule_that_no_policy_has_is_left_out(both: Both) -> None:
    both.evaluator.book = PolicySet()
    both.hub.suppress(KEY, "alice")
    assert await both.waivers() == []


async def test_what_cannot_be_read_changes_no_waiver(both: Both, aws: AwsServer) -> None:
    both.hub.suppress(KEY, "alice")
    (waiver,) = await both.waivers()
    aws.answers["securityhub", "GetFindings"] = Fault(code="AccessDeniedException")
    with pytest.raises(DeliveryError, match="securityhub:GetFindings: not permitted"):
        await both.source.round()
    assert both.evaluator.kept == {waiver.name: waiver}


def test_the_end_of_a_certificate_cannot_be_waived() -> None:
    assert (
        waiver_of({"Id": "tlsprobe/1", "ProductFields": {"tlsprobe/target": "a:443"}}, "", 1)
        is None
    )


@pytest.mark.parametrize("changes", [{}, {"Note": {}}])
def test_a_suppression_without_a_note_has_an_owner_and_a_reason(changes: dict[str, Any]) -> None:
    fields = {f"tlsprobe/{name}": name for name in ("target", "policy", "rule")}
    found = {"Id": "tlsprobe/0", "UpdatedAt": "2026-07-01T23:30:00-02:00", "ProductFields": fields}
    waiver = waiver_of({**found, **changes}, "ops", 1)
    assert waiver is not None
    assert (waiver.owner, waiver.reason) == ("Security Hub", "suppressed in Security Hub")
    assert waiver.expires_at == datetime(2026, 7, 4, tzinfo=UTC)
