"""A waiver that matches nothing is answered with the reason, and a target may have the name that people use."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from exporters.reports import ReportRequest, report_of
from exporters.reports.formats.markdown.report import write_markdown
from model.findings.finding import Finding, FindingStatus, Outcome, RuleResult, Severity, Waiver
from model.snapshot import EndpointStatus, Snapshot
from model.target import Endpoint, Target
from policy import PolicySet
from service.judging.policy_evaluator import PolicyEvaluator
from service.judging.waiver_warnings import idle_waivers, waiver_warning
from tests.service.samples import NOW, modern

LAB = Target(host="127.0.0.1", port=24435, server_name="localhost", labels={"team": "pay"})
SHOP = Target(host="shop.example", port=443, server_name="shop.example")
OLD_SHOP = Target(host="shop.example", port=8443, server_name="shop.example")
TARGETS = (LAB, SHOP, OLD_SHOP)
ENDS = datetime(2027, 1, 1, tzinfo=UTC)


WAIVER = Waiver(name="lab", rule="protocol_versions", reason="r", owner="o", expires_at=ENDS)


def waiver(**fields: Any) -> Waiver:
    return replace(WAIVER, **fields)


def status(target: Target, *rules: str) -> EndpointStatus:
    endpoint = Endpoint(target=target, address="127.0.0.1")
    findings = tuple(
        Finding(
            endpoint_key=endpoint.key,
            result=RuleResult(
                policy="web",
                rule=rule,
                rule_id="TP-TLS-001",
                severity=Severity.HIGH,
                outcome=Outcome.FAIL,
                requirement="",
                observed="",
                required="",
                source="",
            ),
            status=FindingStatus.OPEN,
            first_seen_at=NOW,
            last_seen_at=NOW,
        )
        for rule in rules
    )
    return EndpointStatus(
        observation=replace(modern(), endpoint=endpoint),
        last_probe_at=NOW,
        last_success_at=NOW,
        consecutive_failures=0,
        interval_seconds=3600,
        findings=findings,
    )


STATUSES = (status(LAB, "protocol_versions"), status(SHOP, "hsts"), status(OLD_SHOP, "hsts"))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, None),
        ({"target": LAB.key}, None),
        ({"target": "127.0.0.1:24435"}, None),
        ({"target": "localhost"}, None),
        ({"target": "LOCALHOST:24435", "rule": "TP-TLS-001"}, None),
        ({"target": f"{LAB.key}@127.0.0.1"}, None),
        ({"labels": {"team": "pay"}}, None),
        ({"target": "127.0.0.1:24436"}, "did you mean 127.0.0.1:24435"),
        ({"target": "mail.test"}, "`tlsprobe inventory` lists the targets"),
        ({"target": "shop.example"}, "may be shop.example:443, shop.example:8443"),
        ({"labels": {"taem": "pay"}}, "did you mean team=pay?"),
        ({"target": SHOP.key}, "the open findings there are of hsts"),
        ({"target": LAB.key, "policy": "other"}, "the open findings there are of none"),
    ],
)
def test_a_waiver_without_effect_says_why(fields: dict[str, Any], expected: str | None) -> None:
    warning = waiver_warning(waiver(**fields), TARGETS, STATUSES)
    if expected is None:
        assert warning is None
    else:
        assert warning is not None
        assert warning.startswith("matches no finding")
        assert expected in warning


def test_a_waiver_by_an_everyday_name_or_by_identifier_holds_in_the_service() -> None:
    for fields in ({"target": "127.0.0.1:24435"}, {"rule": "TP-TLS-001"}):
        desk = PolicyEvaluator(PolicySet(waivers=(waiver(**fields),)))
        desk.targets = TARGETS
        (shown,) = desk.with_waivers(STATUSES[0].findings, LAB, NOW)
        assert shown.status is FindingStatus.WAIVED


def test_a_name_of_two_targets_waives_neither_until_one_is_gone() -> None:
    (hsts,) = STATUSES[1].findings
    desk = PolicyEvaluator(PolicySet(waivers=(waiver(target="shop.example", rule="hsts"),)))
    desk.targets = TARGETS
    assert desk.with_waivers((hsts,), SHOP, NOW)[0].status is FindingStatus.OPEN
    desk.targets = (LAB, SHOP)
    assert desk.with_waivers((hsts,), SHOP, NOW)[0].status is FindingStatus.WAIVED


def test_only_waivers_in_force_are_reported_as_idle() -> None:
    idle = waiver(target="mail.test")
    assert idle_waivers([waiver()], TARGETS, STATUSES, NOW) == ()
    (said,) = idle_waivers([idle], TARGETS, STATUSES, NOW)
    assert said.startswith("The waiver lab matches no finding: the target 'mail.test'")
    assert idle_waivers([idle], TARGETS, STATUSES, ENDS + timedelta(days=1)) == ()


def test_a_report_says_which_waivers_waive_nothing_and_until_which_day_they_hold() -> None:
    waivers = (waiver(target="127.0.0.1:24435"), replace(waiver(rule="rc4"), name="stale"))
    report = report_of(
        Snapshot(taken_at=NOW, endpoints=STATUSES),
        ReportRequest(generated_at=NOW, tool_version="1", waivers=waivers),
    )
    assert [report.is_idle(one) for one in report.waivers] == [False, True]
    text = write_markdown(report)
    assert text.count("(waives no finding here)") == 1
    assert "2026-12-31" in text
    assert "2027-01-01" not in text
