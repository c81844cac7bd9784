"""The words that several formats of a report share: times, counts, outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from exporters.reports.report import ReportedClaim, ReportedEndpoint
from exporters.wording import CLAIM_VERDICTS, COMPLIANCE, state_words
from model.findings.finding import Finding, FindingStatus, Outcome, Waiver
from model.verdict import Verdict

NEVER: Final = "never"
_OUTCOMES: Final = {Outcome.FAIL: "violated", Outcome.UNKNOWN: "unknown"}


def minute(moment: datetime | None) -> str:
    """``moment`` to the minute, in UTC."""
    return NEVER if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def day(moment: datetime | None) -> str:
    """The day of ``moment``, in UTC."""
    return NEVER if moment is None else moment.astimezone(UTC).date().isoformat()


def outcome(finding: Finding) -> str:
    """Whether its rule is violated, or not proved to be met."""
    return _OUTCOMES.get(finding.result.outcome, finding.result.outcome.value)


def state(endpoint: ReportedEndpoint) -> str:
    """How the endpoint answered, and the reason if there is one."""
    words = state_words(endpoint.state)
    return words if not endpoint.reason else f"{words}: {endpoint.reason}"


def claim_verdict(claim: ReportedClaim) -> str:
    """What a visit shows about the claim, and whether another scanner makes it."""
    verdict = CLAIM_VERDICTS[claim.verdict]
    return f"{verdict} (a scanner's finding)" if claim.is_reported else verdict


def compliance(standing: Verdict | None) -> str:
    """The compliance of an endpoint; None without a policy."""
    return COMPLIANCE[standing]


def labels(given: Mapping[str, str]) -> str:
    """``env=production, team=web``."""
    return ", ".join(f"{name}={text}" for name, text in sorted(given.items()))


def waived(finding: Finding) -> str:
    """The waiver's owner, reason and last day; if it has expired, the text says so."""
    waiver = finding.waiver
    if waiver is None:
        return ""
    until = "until" if finding.status is FindingStatus.WAIVED else "expired after"
    return f"{waiver.owner}: {waiver.reason} ({until} {waiver.last_day.isoformat()})"


def waiver_scope(waiver: Waiver) -> str:
    """What a waiver covers, in words."""
    parts = [f"rule {waiver.rule}"]
    if waiver.policy is not None:
        parts.append(f"of policy {waiver.policy}")
    if waiver.target is not None:
        parts.append(f"at {waiver.target}")
    if waiver.labels:
        parts.append(f"where {labels(waiver.labels)}")
    return " ".join(parts)
