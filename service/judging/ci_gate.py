"""Judges the results of a scan: the policies that a user names, the findings, and whether they fail a pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from exporters.terminal.console import printable
from exporters.terminal.scan_report_words import SEVERITY_STYLES
from exporters.wording import COMPLIANCE, OUTCOMES
from model.findings.finding import Assessment, Finding, FindingStatus, Outcome, Severity
from model.findings.remediation import Remediation
from model.observation import Observation
from model.target import Target
from model.verdict import Verdict
from policy import PolicyError, PolicySet, assess, findings_of
from policy.remediation import remedy

_TEXT_LIMIT: Final = 400
_COMPLIANCE_STYLES: Final = {
    Verdict.YES: "green",
    Verdict.NO: "bold red",
    Verdict.UNKNOWN: "magenta",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The judgement of one Observation by the policies; ``findings`` are in order, worst first.

    ``remedies`` maps the findings' fingerprints to fixes, if the server software is known.
    """

    assessment: Assessment
    findings: tuple[Finding, ...]
    remedies: Mapping[str, Remediation] = field(default_factory=dict)

    def for_a_person(self) -> RenderableType:
        """Each policy's verdict, followed by its findings, worst first."""
        parts: list[RenderableType] = []
        for policy in self.assessment.policies:
            verdict = self.assessment.compliance(policy)
            word = (COMPLIANCE[verdict], _COMPLIANCE_STYLES[verdict])
            parts.append(
                Text.assemble(
                    ("policy ", "dim"), policy, ": ", word, (self._counted(policy), "dim")
                )
            )
            rows = Table.grid(padding=(0, 2, 0, 0))
            rows.add_column(no_wrap=True)
            rows.add_column(no_wrap=True)
            rows.add_column(overflow="fold")
            for cells in self._rows(policy):
                rows.add_row(*cells)
            parts.append(Padding(rows, (0, 0, 0, 2), expand=False))
        parts += self._remedies()
        return Padding(Group(*parts), (0, 0, 0, 2), expand=False)

    def _remedies(self) -> Iterator[RenderableType]:
        """Each remedy once, even if it fixes several findings."""
        for one in dict.fromkeys(self.remedies.values()):
            yield Text(f"fix for {one.server}, {one.place}:", style="dim")
            lines = [Text(printable(line)) for line in one.lines]
            yield Padding(Group(*lines), (0, 0, 0, 4), expand=False)

    def _counted(self, policy: str) -> str:
        outcomes = [one.outcome for one in self.assessment.results if one.policy == policy]
        counts = [
            f"{count} {word}"
            for outcome, word in OUTCOMES.items()
            if (count := outcomes.count(outcome))
        ]
        return f" ({', '.join(counts)})"

    def _rows(self, policy: str) -> Iterator[tuple[Text, Text, Text]]:
        for finding in self.findings:
            result = finding.result
            if result.policy != policy:
                continue
            is_waived = finding.status is FindingStatus.WAIVED
            style = "dim" if is_waived else SEVERITY_STYLES[result.severity]
            is_unknown = result.outcome is Outcome.UNKNOWN
            said = Text(
                printable(result.violation, limit=_TEXT_LIMIT),
                style="magenta" if is_unknown else "",
            )
            said.append(f"; required: {printable(result.required, limit=_TEXT_LIMIT)}", style="dim")
            if is_waived and finding.waiver is not None:
                until = finding.waiver.expires_at.date().isoformat()
                why = f" (waived until {until} by {finding.waiver.owner}: {finding.waiver.reason})"
                said.append(printable(why, limit=_TEXT_LIMIT), style="cyan")
            yield Text(result.severity.value, style=style), Text(result.rule_label), said


@dataclass(frozen=True, slots=True, kw_only=True)
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
        if not any(policy.choice.has(target) for policy in book.policies):
            names = ", ".join(policy.name for policy in book.policies) or "none are loaded"
            raise PolicyError(
                f"no policy matches {target.key} ({names}): add the labels that the policies select by, with "
                "--label NAME=VALUE, or use a profile"
            )
