"""The findings of a single assessment, without history: waived or open, most severe first."""

from __future__ import annotations

from collections.abc import Iterable

from model.findings.finding import Assessment, Finding, Outcome, Waiver
from model.findings.finding_life import live_on, with_waiver
from model.findings.waiver_scope import with_target_keys
from model.target import Target


def findings_of(
    assessment: Assessment, target: Target, waivers: Iterable[Waiver]
) -> tuple[Finding, ...]:
    """A Finding for each rule that failed or is unknown, with ``waivers`` applied as of the assessment.

    The most severe come first; within one severity, failures come before unknown results.
    """
    waivers = with_target_keys(waivers, [target])
    found = (
        with_waiver(finding, waivers, target, assessment.assessed_at)
        for finding in live_on((), assessment)
    )
    return tuple(sorted(found, key=_rank))


def _rank(finding: Finding) -> tuple[int, bool, str, str]:
    result = finding.result
    is_unknown = result.outcome is Outcome.UNKNOWN
    return (-result.severity.rank, is_unknown, result.policy, result.rule)
