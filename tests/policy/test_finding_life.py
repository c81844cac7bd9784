"""Only proofs open, resolve and reopen Findings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.encoding.finding_json import finding_from_json, finding_to_json
from model.findings.finding import (
    Assessment,
    Finding,
    FindingStatus,
    Outcome,
    RuleResult,
    Severity,
    Waiver,
)
from model.findings.finding_life import live_on, with_waiver
from model.target import Target
from model.verdict import Evidence, Verdict

START = datetime(2026, 11, 1, tzinfo=UTC)
KEY = "db.example:8443@192.0.2.1"
TARGET = Target(
    host="db.example", port=8443, server_name="db.example", labels={"team": "pay", "zone": "dmz"}
)


def result(outcome: Outcome, rule: str = "protocols", observed: str = "TLSv1.0") -> RuleResult:
    return RuleResult(
        policy="house",
        rule=rule,
        severity=Severity.HIGH,
        outcome=outcome,
        rule_id="TP-TLS-001",
        requirement="Only TLS 1.2 and 1.3 may be offered",
        violation="TLS 1.0 is offered",
        observed=observed,
        required="TLSv1.2, TLSv1.3",
        source="RFC 9325, section 3.1.1",
        evidence=Evidence(offer=b"\x16", answer=b"\x15", note="it answered"),
    )


def assessment(*results: RuleResult, days: int = 0, is_whole: bool = True) -> Assessment:
    return Assessment(
        endpoint_key=KEY,
        assessed_at=START + timedelta(days=days),
        policies={"house": "0" * 64},
        results=results,
        is_whole=is_whole,
    )


def lived(*steps: Assessment) -> Finding:
    known: tuple[Finding, ...] = ()
    for step in steps:
        known = live_on(known, step)
    (finding,) = known
    return finding


def test_a_rule_that_passes_opens_nothing() -> None:
    assert live_on((), assessment(result(Outcome.PASS), result(Outcome.NOT_APPLICABLE))) == ()


def test_a_finding_keeps_its_start_and_gets_the_newest_content() -> None:
    finding = lived(
        assessment(result(Outcome.FAIL)),
        assessment(result(Outcome.FAIL, observed="TLSv1.0, TLSv1.1"), days=1),
    )
    assert (finding.first_seen_at, finding.last_seen_at) == (START, START + timedelta(days=1))
    assert finding.result.observed == "TLSv1.0, TLSv1.1"


def test_unknown_resolves_nothing() -> None:
    finding = lived(
        assessment(result(Outcome.FAIL)), assessment(result(Outcome.UNKNOWN, observed=""), days=1)
    )
    assert finding.status is FindingStatus.OPEN
    assert (finding.result.outcome, finding.last_seen_at) == (Outcome.FAIL, START)


def test_an_endpoint_that_was_not_reached_keeps_its_findings() -> None:
    finding = lived(assessment(result(Outcome.FAIL)), assessment(days=1, is_whole=False))
    assert finding.status is FindingStatus.OPEN


@pytest.mark.parametrize(
    "proof", [assessment(result(Outcome.PASS), days=2), assessment(days=2)], ids=["passed", "gone"]
)
def test_a_proof_resolves_a_finding_and_a_returning_one_is_reopened(proof: Assessment) -> None:
    failed = assessment(result(Outcome.FAIL))
    resolved = lived(failed, proof)
    assert (resolved.status, resolved.resolved_at) == (FindingStatus.RESOLVED, proof.assessed_at)
    back = lived(failed, proof, assessment(result(Outcome.FAIL), days=3))
    assert (back.status, back.reopened) == (FindingStatus.OPEN, 1)
    assert (back.first_seen_at, back.resolved_at) == (START, None)


def test_compliance_is_yes_only_if_everything_is_proved() -> None:
    assert assessment(result(Outcome.PASS)).compliance("house") is Verdict.YES
    assert assessment(result(Outcome.PASS), is_whole=False).compliance("house") is Verdict.UNKNOWN
    unknown = assessment(result(Outcome.PASS), result(Outcome.UNKNOWN))
    assert unknown.compliance("house") is Verdict.UNKNOWN
    failing = assessment(result(Outcome.UNKNOWN), result(Outcome.FAIL))
    assert failing.compliance("house") is Verdict.NO


def waiver(days: int, **scope: Any) -> Waiver:
    rule = scope.pop("rule", "protocols")
    return Waiver(
        name="old clients",
        rule=rule,
        reason="Terminals until they are replaced.",
        owner="pay@example",
        expires_at=START + timedelta(days=days),
        **scope,
    )


@pytest.mark.parametrize(
    ("scope", "is_waived"),
    [
        ({}, True),
        ({"policy": "house"}, True),
        ({"policy": "another"}, False),
        ({"target": "db.example:8443"}, True),
        ({"target": KEY}, True),
        ({"target": "db.example:443"}, False),
        ({"rule": "TP-TLS-001"}, True),
        ({"rule": "TP-TLS-002"}, False),
        ({"labels": {"team": "pay"}}, True),
        ({"labels": {"team": "pay", "zone": "lan"}}, False),
    ],
)
def test_a_waiver_covers_only_what_it_names(scope: dict[str, Any], is_waived: bool) -> None:
    finding = lived(assessment(result(Outcome.FAIL)))
    shown = with_waiver(finding, [waiver(30, **scope)], TARGET, START)
    assert (shown.status is FindingStatus.WAIVED) == is_waived


def test_an_expired_waiver_leaves_its_finding_open_and_is_listed_with_it() -> None:
    finding = lived(assessment(result(Outcome.FAIL)))
    expired = waiver(30)
    shown = with_waiver(finding, [expired], TARGET, START + timedelta(days=30))
    assert (shown.status, shown.waiver) == (FindingStatus.OPEN, expired)


@given(
    st.lists(
        st.tuples(st.dictionaries(st.sampled_from("abc"), st.sampled_from(Outcome)), st.booleans())
    )
)
def test_a_failing_rule_is_open_and_a_passing_one_is_not(
    history: list[tuple[dict[str, Outcome], bool]],
) -> None:
    known: tuple[Finding, ...] = ()
    for days, (outcomes, is_whole) in enumerate(history):
        results = [result(outcome, rule=rule) for rule, outcome in outcomes.items()]
        before = {finding.result.rule: finding.status for finding in known}
        known = live_on(known, assessment(*results, days=days, is_whole=is_whole))
        status = {finding.result.rule: finding.status for finding in known}
        for rule, outcome in outcomes.items():
            if outcome is Outcome.NOT_ASKED:
                assert status.get(rule) is before.get(rule)
                continue
            is_open = status.get(rule) is FindingStatus.OPEN
            assert is_open == (outcome in (Outcome.FAIL, Outcome.UNKNOWN))
        assert len(known) == len(status)


def test_a_finding_survives_its_json() -> None:
    finding = with_waiver(lived(assessment(result(Outcome.FAIL))), [waiver(30)], TARGET, START)
    assert finding_from_json(finding_to_json(finding, with_evidence=True)) == finding
