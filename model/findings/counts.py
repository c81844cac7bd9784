"""What counts as an open violation: the only rule for pages, reports, metrics and the API.

A Finding whose facts are unknown is not a violation, and is counted separately.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from model.findings.finding import Finding, FindingStatus, Outcome, RuleResult, Severity


def open_violations(findings: Iterable[Finding]) -> list[RuleResult]:
    """The results of the open Findings that prove a violation."""
    return [one for one in _open(findings) if one.outcome is not Outcome.UNKNOWN]


def open_unknown(findings: Iterable[Finding]) -> list[RuleResult]:
    """The results of the open Findings that prove nothing."""
    return [one for one in _open(findings) if one.outcome is Outcome.UNKNOWN]


def worst_severity(findings: Iterable[Finding]) -> Severity | None:
    """The severity of the worst open violation."""
    severities = (one.severity for one in open_violations(findings))
    return max(severities, key=lambda one: one.rank, default=None)


def finding_counts(findings: Iterable[Finding]) -> Mapping[str, int]:
    """The open violations by severity, most severe first, then the ``unknown`` and the ``waived`` Findings."""
    known = tuple(findings)
    by_severity = Counter(one.severity for one in open_violations(known))
    return {
        **{severity.value: by_severity[severity] for severity in reversed(Severity)},
        "unknown": len(open_unknown(known)),
        "waived": sum(one.status is FindingStatus.WAIVED for one in known),
    }


def _open(findings: Iterable[Finding]) -> Iterable[RuleResult]:
    return (one.result for one in findings if one.status is FindingStatus.OPEN)
