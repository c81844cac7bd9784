"""Plans and their results, as lines for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from exporters.plurals import counted
from exporters.terminal.console import printable
from model.encoding.remediation_json import remedy_to_json
from service.remediation.change import Change, Result
from service.remediation.findings import Plan

_LIMIT: Final = 300
_FINGERPRINT: Final = 12


def list_lines(plans: Sequence[Plan]) -> Iterator[str]:
    """A line for each finding: its beginning, severity, what there is for it, endpoint and rule; then their number."""
    for plan in plans:
        result = plan.finding.result
        yield "  ".join(
            (
                plan.finding.fingerprint[:_FINGERPRINT],
                f"{result.severity:<8}",
                f"{plan.means:<7}",
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
        usual = (
            "no setting fixes it, the kind of server is unknown, or its policy is not configured"
        )
        yield f"no lines: {plan.obstacle or usual}"
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


def plans_json(plans: Iterable[Plan], result: Result | None = None) -> dict[str, Any]:
    """The same as JSON values; ``result`` is that of the only plan."""
    done = None if result is None else {"ending": result.ending, "sentence": result.sentence}
    return {"findings": list(map(_plan_json, plans)), "result": done}


def _plan_json(plan: Plan) -> dict[str, Any]:
    result, change = plan.finding.result, plan.change
    return {
        "fingerprint": plan.finding.fingerprint,
        "endpoint": plan.finding.endpoint_key,
        "policy": result.policy,
        "rule": result.rule,
        "severity": result.severity,
        "violation": result.violation,
        "means": plan.means,
        "remedy": remedy_to_json(plan.lines),
        "change": None
        if change is None
        else {
            "resource": change.resource,
            "setting": change.action.setting,
            "value": change.value,
            "endpoints": [one.key for one in plan.concerned],
        },
    }


def _what(change: Change) -> str:
    value = _shown(change.value)
    return f"sets the {change.action.setting} of {_shown(change.resource)} to {value}."


def _shown(text: str) -> str:
    return printable(text, limit=_LIMIT)
