"""The verdict on each control at each endpoint: a control is one rule of one policy.

A rule without an outcome at an endpoint to which its policy applies was not judged, because the endpoint did not
answer what the rule needs: it is unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from exporters.reports.report import PolicyRule, PolicyText, Report, ReportedEndpoint
from exporters.wording import OUTCOMES
from model.findings.finding import FindingStatus, Outcome
from model.frozen import frozen

WAIVED: Final = "waived"
VERDICTS: Final = (
    *(OUTCOMES[Outcome.FAIL], OUTCOMES[Outcome.UNKNOWN], WAIVED),
    *(OUTCOMES[Outcome.NOT_ASKED], OUTCOMES[Outcome.PASS], OUTCOMES[Outcome.NOT_APPLICABLE]),
)
"""The verdicts in words, those to act on first."""


@frozen
class Control:
    """One control; ``endpoints`` has the keys of the endpoints by verdict, in the order of ``VERDICTS``."""

    policy: PolicyText
    rule: PolicyRule
    endpoints: Mapping[str, tuple[str, ...]]


def controls(report: Report) -> tuple[Control, ...]:
    """Every rule of every policy, with the endpoints to which the policy applies."""
    found: dict[tuple[str, str], dict[str, list[str]]] = {}
    for endpoint, policy, rule, verdict in verdicts(report):
        places = found.setdefault((policy.name, rule.rule), {})
        places.setdefault(verdict, []).append(endpoint.key)
    return tuple(
        Control(
            policy=policy, rule=rule, endpoints=_ordered(found.get((policy.name, rule.rule), {}))
        )
        for policy in report.policies
        for rule in policy.rules
    )


def verdicts(report: Report) -> Iterator[tuple[ReportedEndpoint, PolicyText, PolicyRule, str]]:
    """Each control at each endpoint to which its policy applies, with the verdict in words."""
    for endpoint in report.endpoints:
        waived = {
            one.finding.result.identity
            for one in endpoint.findings
            if one.finding.status is FindingStatus.WAIVED
        }
        for policy in report.policies:
            if policy.name not in endpoint.compliance:
                continue
            outcomes = endpoint.outcomes.get(policy.name, {})
            for rule in policy.rules:
                outcome = outcomes.get(rule.rule, Outcome.UNKNOWN)
                is_waived = (policy.name, rule.rule) in waived
                yield endpoint, policy, rule, WAIVED if is_waived else OUTCOMES[outcome]


def _ordered(places: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {verdict: tuple(places[verdict]) for verdict in VERDICTS if verdict in places}
