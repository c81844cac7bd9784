"""Who is responsible under a policy: the owners of the endpoints that it applies to, and those of its exceptions."""

from __future__ import annotations

from collections import Counter

from exporters.plurals import counted
from exporters.reports.report import PolicyRule, PolicyText, Report
from model.findings.finding import Waiver


def owners(report: Report, policy: PolicyText) -> str:
    """The number of endpoints of each owner, in words; an owner is a value of the label that groups the report."""
    counts = Counter(
        endpoint.labels.get(report.grouped_by)
        for endpoint in report.endpoints
        if policy.name in endpoint.compliance
    )
    named = [(name, count) for name, count in counts.items() if name is not None]
    shown = [f"{name}: {counted(count, 'endpoint')}" for name, count in sorted(named)]
    if without := counts[None]:
        shown.append(
            f"unknown, without the label {report.grouped_by}: {counted(without, 'endpoint')}"
        )
    return "; ".join(shown) or "unknown: no endpoint of this policy is known"


def exceptions(report: Report, policy: PolicyText, rule: PolicyRule) -> tuple[Waiver, ...]:
    """The waivers of the rule that have not expired, in the order in which they expire."""
    found = [
        waiver
        for waiver in report.waivers
        if waiver.rule in {rule.rule, rule.rule_id}
        and waiver.policy in {None, policy.name}
        and waiver.expires_at > report.taken_at
    ]
    return tuple(sorted(found, key=lambda waiver: (waiver.expires_at, waiver.name)))
