"""The words that several formats of a report share: times, counts, outcomes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from exporters.plurals import counted
from exporters.reports.report import Report, ReportedClaim, ReportedEndpoint
from exporters.wording import CLAIM_VERDICTS, COMPLIANCE, state_sentence
from model.findings.finding import Finding, FindingStatus, Outcome, Waiver
from model.verdict import Evidence, Verdict

NEVER: Final = "never"
POLICY_PRINCIPLES: Final = (
    "Every service to which this document applies must encrypt what it sends and receives, as the rules below "
    "require. Each rule is checked at the service itself, from the network. What cannot be proved there is "
    "unknown; unknown is not compliance. If several policies apply to one service, it must meet all of them. A "
    "service may deviate from a rule only with a waiver that has an owner, a reason and an expiry date."
)
GUIDELINE_PRINCIPLES: Final = (
    "For each service, this document has the rules that apply to it, and the configuration lines that meet them, "
    "by kind of server. The lines follow from the policies in force, as those of findings do. Paths of keys and "
    "certificates are examples. Only a visit to the endpoint proves that the lines are in force."
)
UNCOVERED: Final = "No line here is about these rules; a visit shows whether the server meets them:"
_PLACES_SHOWN: Final = 10
_OUTCOMES: Final = {Outcome.FAIL: "violated", Outcome.UNKNOWN: "unknown"}


def minute(moment: datetime | None) -> str:
    """``moment`` to the minute, in UTC."""
    return NEVER if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def day(moment: datetime | None) -> str:
    """The day of ``moment``, in UTC."""
    return NEVER if moment is None else moment.astimezone(UTC).date().isoformat()


def years(count: int | None) -> str:
    """The number of years, or that it is unknown."""
    return "unknown" if count is None else counted(count, "year")


def outcome(finding: Finding) -> str:
    """Whether its rule is violated, or not proved to be met."""
    return _OUTCOMES.get(finding.result.outcome, finding.result.outcome.value)


def state(endpoint: ReportedEndpoint) -> str:
    """How the endpoint answered, in one sentence."""
    return state_sentence(endpoint.state, endpoint.reason)


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


def places(keys: Sequence[str], shown: Callable[[str], str] = str) -> str:
    """The endpoints in a cell: their number, and the names of at most ten, as ``shown`` writes them."""
    if not keys:
        return ""
    names = ", ".join(map(shown, keys[:_PLACES_SHOWN]))
    more = len(keys) - _PLACES_SHOWN
    return f"{len(keys)}: {names} and {more} more" if more > 0 else f"{len(keys)}: {names}"


def evidence(proof: Evidence) -> str:
    """The note, and the length and SHA-256 of the bytes that prove the observation."""
    parts = [proof.note] if proof.note else []
    parts += [
        f"{name}, {counted(len(raw), 'byte')}, SHA-256 {hashlib.sha256(raw).hexdigest()}"
        for name, raw in (("offer", proof.offer), ("answer", proof.answer))
        if raw
    ]
    return "; ".join(parts) or "no bytes"


def exception(waiver: Waiver) -> str:
    """The waiver as an exception: its scope, owner, reason and last day."""
    return (
        f"{waiver.name}, {waiver_scope(waiver)}: {waiver.reason} "
        f"(owner {waiver.owner}, until {waiver.last_day.isoformat()})"
    )


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


def until(report: Report, waiver: Waiver) -> str:
    """The waiver's last day, and whether it has expired or waives nothing."""
    last = waiver.last_day.isoformat()
    if waiver.expires_at <= report.taken_at:
        return f"{last} (expired)"
    return f"{last} (waives no finding here)" if report.is_idle(waiver) else last
