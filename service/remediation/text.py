"""Plans and their results as lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from exporters.plurals import counted
from exporters.terminal.console import printable
from service.remediation.change import Change, Result
from service.remediation.findings import Plan

_LIMIT: Final = 300
_FINGERPRINT: Final = 12


def list_lines(plans: Sequence[Plan]) -> Iterator[str]:
    """A line for each finding: its beginning, severity, what there is for it, endpoint and rule; then their number."""
    for plan in plans:
        result = plan.finding.result
        means = "apply" if plan.change else "plan" if plan.lines else "by hand"
        yield "  ".join(
            (
                plan.finding.fingerprint[:_FINGERPRINT],
                f"{result.severity:<8}",
                f"{means:<7}",
                _shown(plan.finding.endpoint_key),
                _shown(result.rule_label),
            )
        )
    yield counted(len(plans), "open finding")


def plan_lines(plan: Plan) -> Iterator[str]:
    """The finding, the lines that fix it, and what ``--apply`` would do."""
    result = plan.finding.result
    yield f"{plan.finding.fingerprint[:_FINGERPRINT]}  {result.severity}  {_shown(plan.finding.endpoint_key)}"
    yield f"{_shown(result.rule_label)} of {_shown(result.policy)}: {_shown(result.violation)}"
    yield ""
    if plan.lines is None:
        yield "no lines: no setting fixes it, the kind of server is unknown, or its policy is not configured"
        return
    yield f"{plan.lines.server}, {plan.lines.place}:"
    yield ""
    yield from plan.lines.lines
    yield ""
    if plan.change is None:
        yield "--apply cannot do this."
        return
    yield f"--apply {_what(plan.change)}"
    yield f"Then it probes {', '.join(_shown(one.key) for one in plan.concerned)}, and rolls back what makes one worse."


def result_lines(plan: Plan, result: Result) -> Iterator[str]:
    """What was done."""
    yield f"{result.ending}: {_shown(result.sentence)}"
    if plan.change is not None:
        yield f"{_shown(plan.change.resource)}; `tlsprobe audit` has the values before and after"


def _what(change: Change) -> str:
    value = _shown(change.value)
    return f"sets the {change.action.setting} of {_shown(change.resource)} to {value}."


def _shown(text: str) -> str:
    return printable(text, limit=_LIMIT)
