"""Snapshots with findings and certificates of any age, for tests of the alerts about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from model.findings.finding import Finding, FindingStatus, Outcome, RuleResult, Severity
from model.observation import Observation, State
from model.snapshot import EndpointStatus, Snapshot
from tests.service.samples import NOW, certificate, deployment, modern

DAY = timedelta(days=1)


def finding(
    rule: str = "versions",
    *,
    severity: Severity = Severity.HIGH,
    status: FindingStatus = FindingStatus.OPEN,
    outcome: Outcome = Outcome.FAIL,
    violation: str = "TLS 1.0 is offered",
    reopened: int = 0,
) -> Finding:
    result = RuleResult(
        policy="intermediate",
        rule=rule,
        severity=severity,
        outcome=outcome,
        rule_id="TP-TLS-001",
        requirement="Only TLS 1.2 and 1.3 may be offered",
        violation=violation,
        observed="TLS 1.0 accepted",
        required="TLS 1.2 or newer",
        source="RFC 8996, section 2",
    )
    return Finding(
        endpoint_key="www.example:443@192.0.2.1",
        result=result,
        status=status,
        first_seen_at=NOW - DAY,
        last_seen_at=NOW,
        reopened=reopened,
    )


def status(observation: Observation, *findings: Finding) -> EndpointStatus:
    return EndpointStatus(
        observation=observation,
        last_probe_at=NOW,
        last_success_at=NOW,
        consecutive_failures=0,
        interval_seconds=3600.0,
        findings=findings,
    )


def snapshot(*statuses: EndpointStatus, at: datetime = NOW) -> Snapshot:
    return Snapshot(taken_at=at, endpoints=statuses)


def of(*findings: Finding, at: datetime = NOW) -> Snapshot:
    """One endpoint with these findings, and a certificate that expires much later."""
    return snapshot(status(modern(), *findings), at=at)


def with_leaf(days_left: float, lifetime_days: float, name: str = "CN=www.example") -> Observation:
    leaf = certificate(name, days_left=days_left, lifetime_days=lifetime_days)
    return replace(modern(), certificates=(deployment(leaf=leaf),))


def at_addresses(observation: Observation, addresses: Sequence[str | None]) -> list[Observation]:
    return [
        replace(observation, endpoint=replace(observation.endpoint, address=address))
        for address in addresses
    ]


def silent(observation: Observation, state: State = State.TIMEOUT) -> Observation:
    return replace(observation, state=state, certificates=(), protocols={}, cipher_suites={})
