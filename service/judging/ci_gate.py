"""Judges the results of a scan: the policies that a user names, the findings, and whether they fail a pipeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from model.findings.finding import Finding, FindingStatus, Outcome, Severity
from model.findings.judged import Judged
from model.frozen import frozen
from model.observation import Observation
from model.target import Target
from policy import PolicyError, PolicySet, assess, findings_of
from policy.remediation import remedy


@frozen
class CiGate:
    """The policies that judge a scan, and the findings that make it fail.

    A scan fails on findings of severity ``fail_on`` or worse that are not waived; also on unknown results,
    unless ``allow_unknown``.
    """

    book: PolicySet
    fail_on: Severity = Severity.INFO
    allow_unknown: bool = False

    def judge(self, observation: Observation, at: datetime) -> Judged:
        """The findings of one Observation, as of the aware time ``at``."""
        assessment = assess(observation, self.book.policies, at)
        findings = findings_of(assessment, observation.endpoint.target, self.book.waivers)
        fixes = {
            finding.fingerprint: remedy(observation, finding.result, self.book.policies)
            for finding in findings
        }
        return Judged(
            assessment=assessment,
            findings=findings,
            remedies={name: found for name, found in fixes.items() if found is not None},
        )

    def stops(self, judged: Judged) -> bool:
        """Whether any finding makes the scan fail."""
        return any(map(self._counts, judged.findings))

    def _counts(self, finding: Finding) -> bool:
        is_bad_enough = finding.result.severity.rank >= self.fail_on.rank
        is_allowed = self.allow_unknown and finding.result.outcome is Outcome.UNKNOWN
        return is_bad_enough and finding.status is FindingStatus.OPEN and not is_allowed


def parse_labels(texts: Sequence[str]) -> Mapping[str, str]:
    """Parse labels of the form ``NAME=VALUE``.

    Raises:
        ValueError: if a label has another form.
    """
    labels = {}
    for text in texts:
        name, has_value, value = text.partition("=")
        if not name or not has_value:
            raise ValueError(f"{text!r} must be NAME=VALUE, such as data=sensitive")
        labels[name] = value
    return labels


def check_that_all_are_judged(book: PolicySet, targets: Sequence[Target]) -> None:
    """Raises PolicyError for a target to which no policy applies: it would pass without being judged."""
    for target in targets:
        if not any(policy.applies_to(target) for policy in book.policies):
            names = ", ".join(policy.name for policy in book.policies) or "none are loaded"
            advice = book.advice_about_rules(target) or (
                "add the labels that the policies select by, with --label NAME=VALUE, or use a profile"
            )
            raise PolicyError(f"no policy matches {target.key} ({names}): {advice}")
