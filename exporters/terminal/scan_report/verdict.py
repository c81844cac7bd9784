"""The first part of the report: the grade, each policy's verdict, and the findings with their fixes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from rich.console import Group, RenderableType

from exporters.terminal.console import printable
from exporters.terminal.remarks import Remark
from exporters.terminal.safe_text import SafeText
from exporters.terminal.scan_report.layout import Part, Row, Verbatim, row
from exporters.terminal.words import REASON_LIMIT, SEVERITY_STYLES, say
from exporters.wording import COMPLIANCE, OUTCOMES
from model.findings.finding import Finding, FindingStatus, Outcome, RuleResult, Severity
from model.findings.judged import Judged
from model.findings.remediation import Remediation
from model.frozen import frozen
from model.verdict import UnknownCause, Verdict

_TEXT_LIMIT: Final = 400
_REQUIRED_LIMIT: Final = 120
"""A longer list is in ``tlsprobe policy explain``, and what to configure is in the fix."""
_COMPLIANCE_STYLES: Final = {
    Verdict.YES: "green",
    Verdict.NO: "bold red",
    Verdict.UNKNOWN: "magenta",
}
_GRADE_STYLES: Final = {"A": "bold green", "B": "yellow", "C": "yellow"}


@frozen
class Fault:
    """One finding or remark: its severity, the lines about it, how to fix it, and whether a waiver covers it."""

    severity: Severity
    style: str
    said: tuple[SafeText, ...]
    fix: Remediation | str | None
    is_waived: bool = False


def grade_row(grade: str) -> Row:
    """The grade, whose letter comes first."""
    letter, _, rest = printable(grade, limit=_TEXT_LIMIT).partition(" ")
    style = _GRADE_STYLES.get(letter[:1], "bold red")
    return row("grade", SafeText.of((letter, style), f" {rest}"))


def compliance_rows(judged: Judged, found: Sequence[Remark]) -> Iterator[Row]:
    """Whether each policy is met, and which faults it does not judge."""
    for policy in judged.assessment.policies:
        verdict = judged.assessment.compliance(policy)
        outcomes = [one.outcome for one in judged.assessment.results if one.policy == policy]
        counted = ", ".join(
            f"{count} {word}"
            for outcome, word in OUTCOMES.items()
            if (count := outcomes.count(outcome))
        )
        word = (COMPLIANCE[verdict], _COMPLIANCE_STYLES[verdict])
        line: RenderableType = SafeText.of(printable(policy), ": ", word, (f" ({counted})", "dim"))
        if outside := _outside(judged, found, policy):
            faults = "1 fault" if len(outside) == 1 else f"{len(outside)} faults"
            texts = printable("; ".join(one.text for one in outside), limit=_TEXT_LIMIT)
            line = Group(line, SafeText(f"{faults} outside this policy: {texts}", style="yellow"))
        yield row("policy", line)


def finding_parts(judged: Judged | None, found: Sequence[Remark]) -> Iterator[Part]:
    """Every fault, worst first, each with its fix; then what is not known."""
    ranked = faults(judged, found)
    yield SafeText()
    if not ranked:
        yield row("findings", SafeText("none", style="green"))
    shown: set[str] = set()
    for fault in ranked:
        yield Row(SafeText(fault.severity.value, style=fault.style), Group(*fault.said))
        yield from _fix_parts(fault.fix, shown)
    if judged is not None:
        yield from _unknown_rows(judged)


def faults(judged: Judged | None, found: Sequence[Remark]) -> list[Fault]:
    """What the policies and the remarks find wrong, worst first; a remark that a failing rule covers counts once."""
    return sorted(_faults(judged, found), key=lambda one: -one.severity.rank)


def _faults(judged: Judged | None, found: Sequence[Remark]) -> Iterator[Fault]:
    if judged is not None:
        for finding in judged.findings:
            if finding.result.outcome is not Outcome.UNKNOWN:
                yield _of_finding(finding, judged)
    policies = [] if judged is None else list(judged.assessment.policies)
    note = (SafeText(f"outside {', '.join(policies)}", style="dim"),) if policies else ()
    for remark in found:
        if not _is_covered(remark, [] if judged is None else _failing(judged)):
            yield Fault(
                severity=remark.severity,
                style=SEVERITY_STYLES[remark.severity],
                said=(say(remark.text, limit=REASON_LIMIT), *note),
                fix=remark.fix or None,
            )


def _of_finding(finding: Finding, judged: Judged) -> Fault:
    result = finding.result
    is_waived = finding.status is FindingStatus.WAIVED
    said = [say(result.violation, limit=_TEXT_LIMIT)]
    if is_waived and finding.waiver is not None:
        until = finding.waiver.last_day.isoformat()
        why = f"waived until {until} by {finding.waiver.owner}: {finding.waiver.reason}"
        said.append(SafeText(printable(why, limit=_TEXT_LIMIT), style="cyan"))
    if len(result.required) <= _REQUIRED_LIMIT:
        said.append(SafeText(f"required: {printable(result.required)}", style="dim"))
    said.append(SafeText(f"rule {printable(result.rule_label)} of {result.policy}", style="dim"))
    return Fault(
        severity=result.severity,
        style="dim" if is_waived else SEVERITY_STYLES[result.severity],
        said=tuple(said),
        fix=judged.remedies.get(finding.fingerprint),
        is_waived=is_waived,
    )


def _fix_parts(fix: Remediation | str | None, shown: set[str]) -> Iterator[Part]:
    """A line of configuration is printed once, even if it fixes several findings."""
    match fix:
        case str():
            yield row("", SafeText.of(("fix: ", "green"), printable(fix, limit=REASON_LIMIT)))
        case Remediation() if shown.issuperset(fix.lines):
            first = printable(fix.lines[0].partition(" ")[0], limit=REASON_LIMIT)
            yield row("", SafeText.of(("fix: ", "green"), f"as above, {first}"))
        case Remediation():
            shown.update(fix.lines)
            place = printable(f"fix for {fix.server}, {fix.place}:")
            yield row("", SafeText(place, style="green"))
            yield Verbatim(tuple(printable(line) for line in fix.lines))


def _unknown_rows(judged: Judged) -> Iterator[Row]:
    """Results that are not known are not broken: they stand apart, without the colour of a severity."""
    unknown = [one.result for one in judged.findings if one.result.outcome is Outcome.UNKNOWN]
    withheld = [one for one in unknown if one.cause is UnknownCause.NEEDS_CLIENT_CERTIFICATE]
    for result in unknown:
        if result not in withheld:
            said = printable(result.violation or result.observed, limit=_TEXT_LIMIT)
            rule = f"rule {printable(result.rule_label)} of {result.policy}, {result.severity}"
            yield row(
                "unknown", Group(SafeText(said), SafeText(rule, style="dim")), style="magenta"
            )
    if withheld:
        names = dict.fromkeys(f"{one.rule_label} of {one.policy}" for one in withheld)
        text = printable(f"needs a client certificate: {', '.join(names)}", limit=_TEXT_LIMIT)
        yield row("unknown", SafeText(text), style="magenta")


def _failing(judged: Judged, policy: str | None = None) -> list[RuleResult]:
    return [
        one
        for one in judged.assessment.results
        if one.outcome is Outcome.FAIL and policy in (None, one.policy)
    ]


def _outside(judged: Judged, found: Sequence[Remark], policy: str) -> list[Remark]:
    failing = _failing(judged, policy)
    return [one for one in found if not _is_covered(one, failing)]


def _is_covered(remark: Remark, failing: Sequence[RuleResult]) -> bool:
    """Whether a rule that fails is about the same thing."""
    return any(
        result.rule_id in remark.rules
        and (not remark.named or _names(result.violation, remark.named))
        for result in failing
    )


def _names(violation: str, title: str) -> bool:
    return re.search(rf"\b{re.escape(title)}(?:$|,| \(| and \d)", violation) is not None
