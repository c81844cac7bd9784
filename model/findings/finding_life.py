"""How Findings continue from one Assessment to the next: opened, seen again, resolved, reopened.

Only a proof resolves a Finding: the rule passes, does not apply, or is no longer in any policy. If a rule
that failed is unknown now, or was not asked, nothing was proved and its Finding stays unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import Final

from model.findings.finding import Assessment, Finding, FindingStatus, Outcome, RuleResult, Waiver
from model.target import Target

_UNMET: Final = (Outcome.FAIL, Outcome.UNKNOWN)


def live_on(known: Iterable[Finding], assessment: Assessment) -> tuple[Finding, ...]:
    """The endpoint's Findings after ``assessment``: all ``known`` ones, and new ones.

    No Finding is waived here: ``with_waiver`` applies the waivers that are in force when it is shown.
    """
    before = {finding.result.identity: finding for finding in known}
    after = dict(before)
    for result in assessment.results:
        found = _lived_on(before.get(result.identity), result, assessment)
        if found is not None:
            after[result.identity] = found
    if assessment.is_whole:
        for gone in before.keys() - {result.identity for result in assessment.results}:
            after[gone] = _resolved(before[gone], assessment.assessed_at)
    return tuple(after.values())


def with_waiver(
    finding: Finding, waivers: Iterable[Waiver], target: Target, at: datetime
) -> Finding:
    """``finding`` as of ``at``: waived if a matching waiver has not expired.

    Of several waivers the one that expires last counts. An expired waiver leaves the Finding open.
    """
    if finding.status is FindingStatus.RESOLVED:
        return finding
    fitting = [waiver for waiver in waivers if is_for(waiver, finding, target)]
    if not fitting:
        return replace(finding, status=FindingStatus.OPEN, waiver=None)
    longest = max(fitting, key=lambda waiver: waiver.expires_at)
    is_waived = longest.expires_at > at
    status = FindingStatus.WAIVED if is_waived else FindingStatus.OPEN
    return replace(finding, status=status, waiver=longest)


def _lived_on(known: Finding | None, result: RuleResult, assessment: Assessment) -> Finding | None:
    at = assessment.assessed_at
    if known is not None:
        # A clock may be set back, and the end of a visit of the past is not always stored.
        at = max(at, known.first_seen_at)
    if result.outcome is Outcome.NOT_ASKED:
        return known
    if result.outcome not in _UNMET:
        return None if known is None else _resolved(known, at)
    if known is None:
        return Finding(
            endpoint_key=assessment.endpoint_key,
            result=result,
            status=FindingStatus.OPEN,
            first_seen_at=at,
            last_seen_at=at,
        )
    if known.status is FindingStatus.RESOLVED:
        return replace(
            known,
            result=result,
            status=FindingStatus.OPEN,
            last_seen_at=at,
            resolved_at=None,
            reopened=known.reopened + 1,
        )
    if result.outcome is Outcome.UNKNOWN and known.result.outcome is Outcome.FAIL:
        return known
    return replace(known, result=result, last_seen_at=at)


def _resolved(known: Finding, at: datetime) -> Finding:
    if known.status is FindingStatus.RESOLVED:
        return known
    return replace(known, status=FindingStatus.RESOLVED, resolved_at=at, waiver=None)


def is_for(waiver: Waiver, finding: Finding, target: Target) -> bool:
    """Whether the waiver, which has the key of its target, covers the finding at ``target``."""
    is_same_rule = waiver.rule in (finding.result.rule, finding.result.rule_id)
    is_same_policy = waiver.policy in (None, finding.result.policy)
    return is_same_rule and is_same_policy and covers_target(waiver, target, finding.endpoint_key)


def covers_target(waiver: Waiver, target: Target, endpoint_key: str) -> bool:
    """Whether the waiver covers findings at this endpoint of ``target``."""
    is_same_place = waiver.target in (None, target.key, endpoint_key)
    return is_same_place and waiver.labels.items() <= target.labels.items()
