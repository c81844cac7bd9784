"""The service's own status as values for its page, and the policies in force with how many endpoints fail them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from exporters.pages.links import page_link
from exporters.pages.rows import Badge, Row, severity_mark
from exporters.reports import PolicyRule, PolicyText
from model.certificates.lifetime import span_text
from model.findings.finding import FindingStatus, Outcome
from model.verdict import Verdict


def status_tiles(status: Mapping[str, Any]) -> Sequence[Badge]:
    """The numbers at the top; each Badge has the number as its text and the words as its title."""
    lag = float(status["lag_seconds"])
    late = span_text(timedelta(seconds=lag)) if lag >= 3600 else f"{lag:.0f} s"
    probed, failing = status["endpoints_probed"], status["endpoints_failing"]
    return (
        Badge(text=f"{probed} of {status['endpoints']}", mark="plain", title="endpoints visited"),
        Badge(text=str(failing), mark="bad" if failing else "plain", title="do not answer"),
        Badge(text=str(status["probes_in_flight"]), mark="plain", title="visits in flight"),
        Badge(text=str(status["queue_length"]), mark="plain", title="endpoints in the queue"),
        Badge(text=late, mark="plain", title="behind schedule"),
    )


def source_lines(status: Mapping[str, Any]) -> Iterator[tuple[str, str, Badge, str]]:
    """Each source with the number of its targets, its state, and the error or warning of its newest reading."""
    errors, warnings = status["source_errors"], status["source_warnings"]
    for name in sorted({*status["sources"], *errors, *warnings}):
        targets = str(status["sources"].get(name, "unknown"))
        if name in errors:
            yield name, targets, Badge(text="failed", mark="bad"), str(errors[name])
        elif name in warnings:
            yield name, targets, Badge(text="incomplete", mark="warning"), str(warnings[name])
        else:
            yield name, targets, Badge(text="read", mark="good"), ""


def policy_views(
    policies: Sequence[PolicyText], rows: Sequence[Row]
) -> Iterator[Mapping[str, Any]]:
    """Each policy with its rules and how many endpoints violate each of them."""
    violated = Counter(
        finding.result.identity
        for row in rows
        for finding in row.status.findings
        if finding.status is FindingStatus.OPEN and finding.result.outcome is Outcome.FAIL
    )
    verdicts = Counter(pair for row in rows for pair in row.status.compliance.items())
    for policy in policies:
        yield {
            "policy": policy,
            "rules": [
                _rule(policy, rule, violated[policy.name, rule.rule]) for rule in policy.rules
            ],
            **{verdict.value: verdicts[policy.name, verdict] for verdict in Verdict},
        }


def _rule(policy: PolicyText, rule: PolicyRule, failing: int) -> tuple[PolicyRule, Badge, int, str]:
    severity = Badge(text=rule.severity.value, mark=severity_mark(rule.severity))
    link = page_link("/findings", by="endpoint", policy=policy.name, rule=rule.rule, status="open")
    return rule, severity, failing, link
