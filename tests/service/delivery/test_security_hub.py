"""Alerts become findings of Security Hub, which keeps what people decide about them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import botocore.session
import pytest
import structlog
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from discovery.cloud.aws.operation import Feature
from discovery.cloud.aws.operations import OPERATIONS, iam_policy
from exporters.notifications import active_alerts_of
from model.findings.alert import Alert, Event, EventKind
from model.findings.finding import FindingStatus, Outcome, Severity
from model.snapshot import Snapshot
from service.integrations.security_hub.asff import identifier, render_security_hub
from storage import SqlStore
from tests.service.delivery.alert_samples import finding, of, snapshot, status, with_leaf
from tests.service.delivery.test_forms import message
from tests.service.delivery.test_notifying import Desk, desk_of
from tests.service.samples import NOW
from tests.support.aws_server import AwsServer, Fault
from tests.support.security_hub import ACCOUNT, PRODUCT, REGION, HubOnLoopback

RESOLVED, OPEN = of(), of(finding())
WAIVED = of(finding(status=FindingStatus.WAIVED))


def key_of(shown: Snapshot = OPEN) -> str:
    (alert,) = active_alerts_of(shown).alerts.values()
    return identifier(alert)


@pytest.fixture
def hub(aws: AwsServer) -> Iterator[HubOnLoopback]:
    yield HubOnLoopback(aws)
    assert aws.invalid == []


@pytest.fixture
async def desk(hub: HubOnLoopback, aws: AwsServer, tmp_path: Path) -> AsyncIterator[Desk]:
    async with (
        await SqlStore.open(f"sqlite:///{tmp_path / 'store.db'}") as store,
        desk_of(store, type="security_hub", region=REGION, endpoint_url=aws.url) as opened,
    ):
        yield opened


async def shows(desk: Desk, *snapshots: Snapshot) -> None:
    """The service sees one after the other, each a minute after the one before."""
    for shown in snapshots:
        desk.clock.advance(60)
        await desk.look(replace(shown, taken_at=desk.clock.now()))


async def test_an_alert_is_a_finding_that_is_archived_when_it_is_resolved(
    desk: Desk, hub: HubOnLoopback
) -> None:
    await shows(desk, OPEN)
    (found,) = hub.findings.values()
    assert found == {
        "SchemaVersion": "2018-10-08",
        "Id": key_of(),
        "ProductArn": PRODUCT,
        "AwsAccountId": ACCOUNT,
        "GeneratorId": "tlsprobe/intermediate/versions",
        "CreatedAt": "2026-06-30T12:00:00Z",
        "UpdatedAt": "2026-07-01T12:01:00Z",
        "FirstObservedAt": "2026-06-30T12:00:00Z",
        "LastObservedAt": "2026-07-01T12:01:00Z",
        "Title": "www.example:443: TLS 1.0 is offered",
        "Description": (
            "Only TLS 1.2 and 1.3 may be offered. Observed: TLS 1.0 accepted. Required: TLS 1.2 or newer."
        ),
        "FindingProviderFields": {
            "Severity": {"Label": "HIGH", "Original": "high"},
            "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
        },
        "Compliance": {"Status": "FAILED"},
        "RecordState": "ACTIVE",
        "ProductFields": found["ProductFields"],
        "Resources": [
            {
                "Type": "Other",
                "Id": "www.example:443",
                "Details": {"Other": {"target": "www.example:443", "addresses": "192.0.2.1"}},
            }
        ],
        "Workflow": {"Status": "NEW"},
    }
    await shows(desk, RESOLVED)
    (found,) = hub.findings.values()
    assert found["Compliance"] == {"Status": "PASSED"}
    assert (found["RecordState"], found["UpdatedAt"]) == ("ARCHIVED", "2026-07-01T12:02:00Z")
    assert desk.number("deliveries_total") == 2


async def test_a_finding_that_comes_back_and_worsens_is_updated(
    desk: Desk, hub: HubOnLoopback
) -> None:
    worse = of(finding(severity=Severity.CRITICAL, reopened=1))
    await shows(desk, OPEN, RESOLVED, of(finding(reopened=1)), worse)
    (found,) = hub.findings.values()
    assert (found["RecordState"], found["Compliance"]["Status"]) == ("ACTIVE", "FAILED")
    assert found["FindingProviderFields"]["Severity"]["Label"] == "CRITICAL"


async def test_a_waiver_suppresses_the_finding_and_its_end_opens_it_again(
    desk: Desk, hub: HubOnLoopback
) -> None:
    await shows(desk, OPEN, WAIVED)
    assert hub.workflow(key_of()) == "SUPPRESSED"
    assert hub.findings[key_of()]["Note"]["UpdatedBy"] == "tlsprobe"
    assert hub.findings[key_of()]["RecordState"] == "ACTIVE"
    await shows(desk, OPEN)
    assert hub.workflow(key_of()) == "NEW"


async def test_what_a_person_suppressed_stays_as_the_person_left_it(
    desk: Desk, hub: HubOnLoopback
) -> None:
    await shows(desk, OPEN)
    hub.suppress(key_of(), "alice")
    await shows(desk, WAIVED, OPEN, RESOLVED, of(finding(reopened=1)))
    assert hub.workflow(key_of()) == "SUPPRESSED"
    assert hub.findings[key_of()]["Note"]["UpdatedBy"] == "alice"


async def test_an_open_finding_is_sent_again_each_day_so_that_it_is_not_deleted(
    desk: Desk, hub: HubOnLoopback, aws: AwsServer
) -> None:
    await shows(desk, OPEN, OPEN)
    sent = aws.called("securityhub", "BatchImportFindings")
    hub.findings.clear()
    await shows(desk, OPEN)
    assert not hub.findings
    desk.clock.advance(86_400)
    await shows(desk, OPEN)
    assert hub.findings[key_of()]["LastObservedAt"] == "2026-07-02T12:04:00Z"
    assert aws.called("securityhub", "BatchImportFindings") == sent + 1


async def test_a_waiver_of_a_finding_that_was_deleted_there_is_no_failure(
    desk: Desk, hub: HubOnLoopback
) -> None:
    await shows(desk, OPEN)
    hub.findings.clear()
    await shows(desk, WAIVED)
    assert not hub.findings
    assert not desk.number("delivery_failures_total")


def keys_of(shown: Snapshot) -> list[str]:
    return sorted(map(identifier, active_alerts_of(shown).alerts.values()))


async def test_a_refused_finding_is_logged_and_counted_and_the_others_are_delivered_once(
    desk: Desk, hub: HubOnLoopback, aws: AwsServer
) -> None:
    both = of(finding("first"), finding("second"))
    refused, accepted = keys_of(both)
    hub.refused.add(refused)
    with structlog.testing.capture_logs() as logs:
        await shows(desk, both, both)
        desk.clock.advance(3600)
        await shows(desk, both)
    assert list(hub.findings) == [accepted]
    assert desk.number("notifications_refused_total") == 1
    assert desk.number("deliveries_total") == 1
    assert not desk.number("delivery_failures_total")
    assert aws.called("securityhub", "BatchImportFindings") == 1
    (line,) = logs
    assert line["alert"] == refused.removeprefix("tlsprobe/")
    assert line["reason"] == "InvalidInput: refused by the test"
    hub.refused.clear()
    desk.clock.advance(86_400)
    await shows(desk, both)
    assert sorted(hub.findings) == [refused, accepted]


async def test_a_message_of_which_all_is_refused_is_a_failure_that_is_not_repeated(
    desk: Desk, hub: HubOnLoopback, aws: AwsServer
) -> None:
    hub.refused.add(key_of())
    await shows(desk, OPEN)
    desk.clock.advance(3600)
    await shows(desk, OPEN)
    assert desk.number("delivery_failures_total") == 1
    assert desk.number("notifications_refused_total") == 1
    assert not desk.number("deliveries_total")
    hub.refused.clear()
    await shows(desk, RESOLVED)
    assert hub.findings[key_of()]["RecordState"] == "ARCHIVED"


async def test_only_findings_whose_failure_passes_are_repeated(
    desk: Desk, hub: HubOnLoopback, aws: AwsServer
) -> None:
    hub.code = "InternalFailure"
    many = of(*(finding(f"rule_{number}") for number in range(150)))
    hub.refused |= set(keys_of(many)[::50])
    await shows(desk, many)
    assert len(hub.findings) == 147
    assert desk.number("delivery_failures_total") == 1
    assert not desk.number("notifications_refused_total")
    hub.refused.clear()
    await shows(desk, many)
    assert len(hub.findings) == 150
    calls = [call for call in aws.calls if call.operation == "BatchImportFindings"]
    assert [len(call.json["Findings"]) for call in calls[:3]] == [100, 50, 3]


async def test_a_failure_in_the_daily_repetition_repeats_it_a_day_later(
    desk: Desk, hub: HubOnLoopback, aws: AwsServer
) -> None:
    both = of(finding("first"), finding("second"))
    await shows(desk, both)
    hub.code = "InternalFailure"
    hub.refused.add(keys_of(both)[0])
    desk.clock.advance(86_400)
    sent = aws.called("securityhub", "BatchImportFindings")
    await shows(desk, both, both, both)
    assert aws.called("securityhub", "BatchImportFindings") == sent + 1
    desk.clock.advance(86_400)
    await shows(desk, both)
    assert aws.called("securityhub", "BatchImportFindings") == sent + 2


async def test_a_suppression_that_is_refused_does_not_hold_up_the_other_alerts(
    desk: Desk, hub: HubOnLoopback, aws: AwsServer
) -> None:
    await shows(desk, OPEN)
    accepted = aws.answers["securityhub", "BatchUpdateFindings"]
    aws.answers["securityhub", "BatchUpdateFindings"] = lambda call: {
        "ProcessedFindings": [],
        "UnprocessedFindings": [
            {"FindingIdentifier": one, "ErrorCode": "InvalidInput", "ErrorMessage": "no"}
            for one in call.json["FindingIdentifiers"]
        ],
    }
    waived = finding(status=FindingStatus.WAIVED)
    await shows(desk, of(waived, finding("other")))
    aws.answers["securityhub", "BatchUpdateFindings"] = accepted
    assert len(hub.findings) == 2
    assert desk.number("notifications_refused_total") == 1
    assert desk.number("deliveries_total") == 2


async def test_a_missing_permission_is_a_failure_that_is_tried_again(
    desk: Desk, hub: HubOnLoopback, aws: AwsServer
) -> None:
    answers = dict(aws.answers)
    aws.answers["securityhub", "BatchImportFindings"] = Fault(code="AccessDeniedException")
    await shows(desk, OPEN)
    assert desk.number("delivery_failures_total") == 1
    aws.answers.update(answers)
    await shows(desk, OPEN)
    assert list(hub.findings) == [key_of()]


async def test_many_alerts_take_as_few_calls_as_the_limit_allows(
    desk: Desk, hub: HubOnLoopback, aws: AwsServer
) -> None:
    await shows(desk, of(*(finding(f"rule_{number}") for number in range(101))))
    assert len(hub.findings) == 101
    assert aws.called("securityhub", "BatchImportFindings") == 2


async def test_the_iam_policy_has_the_actions_that_are_called_and_no_others(
    desk: Desk, hub: HubOnLoopback, aws: AwsServer
) -> None:
    await shows(desk, OPEN, WAIVED)
    called = {OPERATIONS[f"{one.service}.{one.operation}"].action for one in aws.calls}
    (statement,) = iam_policy({Feature.SECURITY_HUB})["Statement"]
    assert called - {"sts:GetCallerIdentity"} == set(statement["Action"])


def imported(alert: Alert, kind: EventKind = EventKind.OPENED) -> dict[str, Any]:
    body = json.loads(render_security_hub(message(Event(kind=kind, at=NOW, alert=alert))))
    (found,) = body["imported"]
    return dict(found)


def alert_of(shown: Snapshot = OPEN) -> Alert:
    (found,) = active_alerts_of(shown).alerts.values()
    return found


def test_what_is_not_proved_is_not_available() -> None:
    unknown = alert_of(of(finding(outcome=Outcome.UNKNOWN)))
    assert imported(unknown)["Compliance"] == {"Status": "NOT_AVAILABLE"}
    removed = imported(alert_of(), EventKind.TARGET_REMOVED)
    assert removed["Compliance"] == {"Status": "NOT_AVAILABLE"}
    assert removed["RecordState"] == "ARCHIVED"


def test_a_label_names_the_resource_of_aws() -> None:
    arn = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:listener/app/web/1/2"
    (resource,) = imported(replace(alert_of(), labels={"team": "web", "arn": arn}))["Resources"]
    assert resource["Id"] == arn


def test_the_end_of_a_certificate_is_a_finding_too() -> None:
    found = imported(alert_of(snapshot(status(with_leaf(10, 90)))))
    assert found["GeneratorId"] == "tlsprobe/certificate-expiry"
    assert "tlsprobe/certificate" in found["ProductFields"]
    assert "tlsprobe/policy" not in found["ProductFields"]


_SHAPE = botocore.session.Session().get_service_model("securityhub").shape_for("AwsSecurityFinding")


@given(text=st.text(min_size=1), kind=st.sampled_from(sorted(set(EventKind) - {EventKind.WAIVED})))
def test_every_text_gives_a_finding_of_the_format_within_its_limits(
    text: str, kind: EventKind
) -> None:
    hostile = replace(
        alert_of(),
        target=text * 9000,
        violation=text * 9000,
        observed=text * 9000,
        rule=text * 9000,
        labels={"arn": f"arn:{text}" * 900},
        addresses=("2001:db8::1",) * 9000,
        since=NOW + timedelta(hours=1),
    )
    found = imported(hostile, kind) | {"ProductArn": PRODUCT, "AwsAccountId": ACCOUNT}
    assert not ParamValidator().validate(found, _SHAPE).has_errors()
    assert len(json.dumps(found)) <= 240_000
    assert found["CreatedAt"] <= found["UpdatedAt"]
    for name, most in {"Id": 512, "Title": 256, "Description": 1024, "GeneratorId": 512}.items():
        assert 0 < len(found[name]) <= most
    assert all(0 < len(one) <= 2048 for one in found["ProductFields"].values())
