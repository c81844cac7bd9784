"""The findings of an endpoint as cards: what is wrong, since when, and the lines that fix it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from exporters.pages.links import finding_link, rule_evidence_link, waive_link
from exporters.pages.rows import Badge, Mark, Row, severity_mark
from exporters.reports import words
from model.findings.finding import Finding, FindingStatus, Outcome, RuleResult
from model.findings.remediation import Remediation
from model.frozen import frozen
from model.observation import Observation
from model.verdict import UnknownCause

RemedyOf = Callable[[Observation, RuleResult], Remediation | None]


@frozen
class FindingCard:
    """One finding; ``title`` says what is wrong, ``note`` is a sentence about a waiver or a missing certificate.

    ``evidence`` and ``history`` are links. ``waiver`` is the name of the waiver in force, empty without one; ``waive`` is the link to the form for a new one.
    """

    title: str
    mark: Mark
    severity: Badge
    result: RuleResult
    since: datetime
    note: str
    remedy: Remediation | None
    evidence: str
    history: str
    waiver: str
    waive: str


def finding_cards(row: Row, remedy_of: RemedyOf) -> tuple[FindingCard, ...]:
    """Open violations first, worst first, then what is unknown, then what is waived."""
    return tuple(_card(row, finding, remedy_of) for finding in in_order(row.status.findings))


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """The findings, those to act on first."""
    return sorted(
        (one for one in findings if one.status is not FindingStatus.RESOLVED),
        key=lambda one: (
            one.status is FindingStatus.WAIVED,
            one.result.outcome is Outcome.UNKNOWN,
            -one.result.severity.rank,
            one.result.policy,
            one.result.rule,
        ),
    )


def finding_mark(finding: Finding) -> Mark:
    """How the finding is marked: by its severity if it is an open violation."""
    if finding.status is FindingStatus.WAIVED:
        return "plain"
    if finding.result.outcome is Outcome.UNKNOWN:
        return "unknown"
    return severity_mark(finding.result.severity)


def finding_title(result: RuleResult) -> str:
    """What is wrong; for an unknown result, what could not be proved."""
    if result.outcome is Outcome.UNKNOWN:
        return f"Not proved: {result.requirement}"
    return result.violation or result.requirement


def _card(row: Row, finding: Finding, remedy_of: RemedyOf) -> FindingCard:
    result, mark = finding.result, finding_mark(finding)
    is_unknown = result.outcome is Outcome.UNKNOWN
    severity = f"unknown, {result.severity.value} if violated" if is_unknown else result.severity
    return FindingCard(
        title=finding_title(result),
        mark=mark,
        severity=Badge(text=severity, mark=mark),
        result=result,
        since=finding.first_seen_at,
        note=_note(finding),
        remedy=None if is_unknown else remedy_of(row.status.observation, result),
        evidence=rule_evidence_link(row, result),
        history=finding_link(row, result),
        waiver=waiver_name(finding),
        waive=waive_link(row, result),
    )


def waiver_name(finding: Finding) -> str:
    """The name of the waiver in force; empty if the finding is not waived."""
    if finding.status is not FindingStatus.WAIVED or finding.waiver is None:
        return ""
    return finding.waiver.name


def _note(finding: Finding) -> str:
    if finding.waiver is not None:
        return f"Waiver {finding.waiver.name} of {words.waived(finding)}."
    if finding.result.cause is UnknownCause.NEEDS_CLIENT_CERTIFICATE:
        return "The server answers only clients with a certificate: use the label client_identity."
    return ""
