"""What a report does not prove, and why: nothing of it counts as compliant."""

from __future__ import annotations

from collections.abc import Iterator

from exporters.reports import words
from exporters.reports.report import Report, ReportedClaim, ReportedEndpoint
from model.claims import ClaimVerdict
from model.findings.finding import Outcome
from model.frozen import frozen

_NOT_SHOWN = frozenset({ClaimVerdict.UNPROVABLE, ClaimVerdict.NOT_REACHED})
_NOT_ASKED = "its question needs a higher level of intrusiveness than the visit had"


@frozen
class Unproved:
    """One thing that is not proved at the endpoint, or of the resource, named ``place``."""

    place: str
    what: str
    why: str


def unproved(report: Report) -> tuple[Unproved, ...]:
    """Everything that is not proved, in the order of the endpoints; then of resources."""
    of_endpoints = (one for endpoint in report.endpoints for one in _of(report, endpoint))
    return (*of_endpoints, *(_of_claim(one.resource, one) for one in report.resource_claims))


def _of(report: Report, endpoint: ReportedEndpoint) -> Iterator[Unproved]:
    if not endpoint.is_reached:
        yield Unproved(
            place=endpoint.key,
            what="every rule and every fact",
            why=words.state(endpoint),
        )
    for found in endpoint.findings:
        result = found.finding.result
        if result.outcome is Outcome.UNKNOWN and endpoint.is_reached:
            yield Unproved(
                place=endpoint.key,
                what=f"{result.requirement} ({result.rule_label})",
                why=result.observed,
            )
    for policy in report.policies:
        outcomes = endpoint.outcomes.get(policy.name, {})
        for rule in policy.rules:
            if outcomes.get(rule.rule) is Outcome.NOT_ASKED:
                what = f"{rule.requirement} ({rule.rule_label})"
                yield Unproved(place=endpoint.key, what=what, why=_NOT_ASKED)
    for claim in endpoint.claims:
        if claim.verdict in _NOT_SHOWN:
            yield _of_claim(endpoint.key, claim)


def _of_claim(place: str, claim: ReportedClaim) -> Unproved:
    what = f"{claim.source} claims: {claim.statement}"
    return Unproved(place=place, what=what, why=claim.observed)
