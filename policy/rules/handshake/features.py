"""Rules on what hellos agree to: features that must be there, and such that must not."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pydantic import Field

from model.findings.finding import Outcome, Severity
from model.verdict import Evidence, Verdict
from policy.judging.asked import feature_does_not_apply
from policy.judging.partial_results import Part, listed, not_asked, worst
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject
from policy.values import FeatureName


class Features(Parameters):
    """``features``: by the names of ``docs/reference/checks.md``."""

    features: tuple[FeatureName, ...] = Field(min_length=1)


def _bind(parameters: Features, *, wanted: Verdict, required: str) -> Judge:
    met, unmet = ("has", "has not") if wanted is Verdict.YES else ("has not", "has")

    def judge(subject: Subject) -> Evaluation:
        observation = subject.observation
        parts: list[Part] = []
        proofs: dict[Outcome, Evidence | None] = {}
        for name in parameters.features:
            fact = observation.features.get(name)
            if fact is None and name in observation.not_asked:
                parts.append(not_asked(observation.not_asked[name], name))
                continue
            if fact is None:
                is_moot = feature_does_not_apply(observation, name)
                outcome = Outcome.NOT_APPLICABLE if is_moot else Outcome.UNKNOWN
                parts.append((outcome, f"{'without use for' if is_moot else 'not asked:'} {name}"))
                continue
            if fact.verdict is Verdict.UNKNOWN:
                outcome, words = Outcome.UNKNOWN, "not learnt:"
            elif fact.verdict is wanted:
                outcome, words = Outcome.PASS, met
            else:
                outcome, words = Outcome.FAIL, unmet
            value = f" ({fact.value})" if fact.value and fact.verdict is Verdict.YES else ""
            parts.append((outcome, f"{words} {name}{value}"))
            proofs.setdefault(outcome, fact.evidence)
        ruling = worst(parts, required)
        proof = proofs.get(ruling.outcome)
        return ruling if proof is None else replace(ruling, evidence=proof)

    return judge


def _bind_required(parameters: Features) -> Judge:
    return _bind(parameters, wanted=Verdict.YES, required=f"has {listed(parameters.features)}")


def _bind_forbidden(parameters: Features) -> Judge:
    return _bind(parameters, wanted=Verdict.NO, required=f"has not {listed(parameters.features)}")


FEATURE_RULES: Final = (
    Rule(
        id="features_required",
        family=Family.FEATURES,
        title="The required features are there.",
        why="Each closes an attack on the handshake, or lets clients keep to the policy.",
        severity=Severity.MEDIUM,
        parameters=Features,
        bind=_bind_required,
    ),
    Rule(
        id="features_forbidden",
        family=Family.FEATURES,
        title="The forbidden features are not there.",
        why="Each is more to attack, and of little use.",
        severity=Severity.MEDIUM,
        parameters=Features,
        bind=_bind_forbidden,
    ),
)
