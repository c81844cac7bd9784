"""What a report does not prove, and why: nothing of it counts as compliant."""

from __future__ import annotations

from collections.abc import Iterator

from exporters.reports import words
from exporters.reports.report import Report, ReportedEndpoint
from model.claims import ClaimVerdict
from model.findings.finding import Outcome
from model.frozen import frozen

_NOT_SHOWN = frozenset({ClaimVerdict.UNPROVABLE, ClaimVerdict.NOT_REACHED})
_NOT_ASKED = "its question needs a higher level of intrusiveness than the visit had"


@frozen
class Unproved:
    """One thing that is not proved at an endpoint."""

    endpoint: str
    what: str
    why: str


def unproved(report: Report) -> tuple[Unproved, ...]:
    """Everything that is not proved, in the order of the endpoints."""
    return tuple(one for endpoint in report.endpoints for one in _of(report, endpoint))


def _of(report: Report, endpoint: ReportedEndpoint) -> Iterator[Unproved]:
    if not endpoint.is_reached:
        yield Unproved(
            endpoint=endpoint.key,
            what="every rule and every fact about TLS",
            why=f"the endpoint {words.state(endpoint)}",
        )
    for found in endpoint.findings:
        result = found.finding.result
        if result.outcome is Outcome.UNKNOWN and endpoint.is_reached:
            yield Unproved(
                endpoint=endpoint.key,
                what=f"{result.requirement} ({result.rule_label})",
                why=result.observed,
            )
    for policy in report.policies:
        outcomes = endpoint.outcomes.get(policy.name, {})
        for rule in policy.rules:
            if outcomes.get(rule.rule) is Outcome.NOT_ASKED:
                what = f"{rule.requirement} ({rule.rule_label})"
                yield Unproved(endpoint=endpoint.key, what=what, why=_NOT_ASKED)
    for claim in endpoint.claims:
        if claim.verdict in _NOT_SHOWN:
            what = f"{claim.source} claims: {claim.statement}"
            yield Unproved(endpoint=endpoint.key, what=what, why=claim.observed)
