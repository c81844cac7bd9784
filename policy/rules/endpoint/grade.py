"""The rule on the SSL Labs rating: a grade, with the reasons that capped it."""

from __future__ import annotations

from typing import Final, Literal

from model.findings.finding import Outcome, Severity
from model.judging.ssl_labs import grade
from policy.judging.partial_results import listed, unknown
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject


class LeastGrade(Parameters):
    """``minimum``: the worst grade allowed."""

    minimum: Literal["A+", "A", "A-", "B", "C", "D", "E"] = "A"


def _bind(parameters: LeastGrade) -> Judge:
    required = f"{parameters.minimum} or better"

    def judge(subject: Subject) -> Evaluation:
        found = grade(subject.observation, subject.at)
        why = f": {listed(found.reasons)}" if found.reasons else ""
        at_best = " at best" if found.unknown or found.not_asked else ""
        observed = f"{found.letter}{at_best}, score {found.score}{why}"
        if not found.is_at_least(parameters.minimum):
            return Evaluation(
                outcome=Outcome.FAIL,
                observed=observed,
                required=required,
                violation=f"SSL Labs grade is {found.letter}, at least {parameters.minimum} required{why}",
            )
        if missing := found.unknown_below(parameters.minimum):
            return unknown(f"{observed}; not known: {listed(missing)}", required)
        if missing := found.not_asked_below(parameters.minimum):
            observed = f"{observed}; not asked at this intrusiveness: {listed(missing)}"
            return Evaluation(outcome=Outcome.NOT_ASKED, observed=observed, required=required)
        return Evaluation(outcome=Outcome.PASS, observed=observed, required=required)

    return judge


GRADE_RULES: Final = (
    Rule(
        identifier="TP-GRADE-001",
        name="ssl_labs_grade",
        family=Family.GRADE,
        requirement="The SSL Labs grade must be at least the minimum",
        violation="The SSL Labs grade is below the minimum",
        why="A grade compares endpoints at a glance, with the reasons that keep each from a better one.",
        severity=Severity.MEDIUM,
        parameters=LeastGrade,
        bind=_bind,
    ),
)
