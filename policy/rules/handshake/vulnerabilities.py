"""Rules on vulnerabilities, by the names of ``docs/reference/checks.md``.

A policy that wants a finding of its own for each, with a severity that fits, uses the rule once for
each of them, under names of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pydantic import Field

from model.findings.finding import Outcome, Severity
from model.verdict import Evidence, Verdict
from policy.fact_names import VULNERABILITIES
from policy.judging.asked import vulnerability_does_not_apply
from policy.judging.partial_results import Part, listed, not_asked, worst
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject
from policy.values import VulnerabilityName

_WORDS: Final = {
    Verdict.YES: (Outcome.FAIL, "open to"),
    Verdict.NO: (Outcome.PASS, "not open to"),
    Verdict.UNKNOWN: (Outcome.UNKNOWN, "not learnt:"),
}


class Vulnerabilities(Parameters):
    """``to``: the attacks that the endpoint may not be open to."""

    to: tuple[VulnerabilityName, ...] = Field(default=VULNERABILITIES, min_length=1)


def _bind(parameters: Vulnerabilities) -> Judge:
    required = f"not open to {listed(parameters.to)}"

    def judge(subject: Subject) -> Evaluation:
        observation = subject.observation
        parts: list[Part] = []
        proofs: dict[Outcome, Evidence | None] = {}
        for name in parameters.to:
            fact = observation.vulnerabilities.get(name)
            if fact is not None:
                outcome, words = _WORDS[fact.verdict]
                value = f" ({fact.value})" if fact.value else ""
                parts.append((outcome, f"{words} {name}{value}"))
                proofs.setdefault(outcome, fact.evidence)
            elif name in observation.not_asked:
                parts.append(not_asked(observation.not_asked[name], name))
            elif vulnerability_does_not_apply(observation, name):
                parts.append((Outcome.NOT_APPLICABLE, f"nothing that {name} could attack"))
            else:
                parts.append((Outcome.UNKNOWN, f"not asked: {name}"))
        ruling = worst(parts, required)
        proof = proofs.get(ruling.outcome)
        return ruling if proof is None else replace(ruling, evidence=proof)

    return judge


VULNERABILITY_RULES: Final = (
    Rule(
        id="not_vulnerable",
        family=Family.VULNERABILITIES,
        title="The endpoint is not open to the named attacks.",
        why="Each is public, and most have tools.",
        severity=Severity.HIGH,
        parameters=Vulnerabilities,
        bind=_bind,
    ),
)
