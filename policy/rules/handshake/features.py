"""Rules on what handshakes negotiate: features that must be supported, and features that must not be."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pydantic import Field

from model.findings.finding import Outcome, Severity
from model.judging.asked import feature_does_not_apply
from model.verdict import Evidence, Fact, Verdict
from policy.judging.partial_results import Part, listed, not_asked, with_shared_cause, worst
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject
from policy.values import FeatureName


class Features(Parameters):
    """``features``: by the names of ``docs/reference/checks.md``."""

    features: tuple[FeatureName, ...] = Field(min_length=1)


def _bind(parameters: Features, *, wanted: Verdict, required: str, kind: tuple[str, str]) -> Judge:
    met, unmet = ("supports", "does not support")
    if wanted is Verdict.NO:
        met, unmet = unmet, met

    def judge(subject: Subject) -> Evaluation:
        observation = subject.observation
        parts: list[Part] = []
        proofs: dict[Outcome, Evidence | None] = {}
        failing: list[str] = []
        open_facts: list[Fact | None] = []
        for name in parameters.features:
            fact = observation.features.get(name)
            if fact is None and name in observation.not_asked:
                parts.append(not_asked(observation.not_asked[name], name))
                continue
            if fact is None:
                is_moot = feature_does_not_apply(observation, name)
                open_facts += [] if is_moot else [None]
                outcome = Outcome.NOT_APPLICABLE if is_moot else Outcome.UNKNOWN
                parts.append((outcome, f"{'not applicable:' if is_moot else 'not probed:'} {name}"))
                continue
            if fact.verdict is Verdict.UNKNOWN:
                outcome, words = Outcome.UNKNOWN, "not known:"
                open_facts.append(fact)
            elif fact.verdict is wanted:
                outcome, words = Outcome.PASS, met
            else:
                outcome, words = Outcome.FAIL, unmet
            value = f" ({fact.value})" if fact.value and fact.verdict is Verdict.YES else ""
            parts.append((outcome, f"{words} {name}{value}"))
            failing += [f"{name}{value}"] * (outcome is Outcome.FAIL)
            proofs.setdefault(outcome, fact.evidence)
        verb = "is" if len(failing) == 1 else "are"
        plural = "" if len(failing) == 1 else "s"
        text = f"{kind[0]} feature{plural} {verb} {kind[1]}: {listed(failing)}" if failing else ""
        ruling = with_shared_cause(worst(parts, required), open_facts)
        ruling = replace(ruling, violation=text)
        proof = proofs.get(ruling.outcome)
        return ruling if proof is None else replace(ruling, evidence=proof)

    return judge


def _bind_required(parameters: Features) -> Judge:
    required = f"supports {listed(parameters.features)}"
    kind = ("Required", "not supported")
    return _bind(parameters, wanted=Verdict.YES, required=required, kind=kind)


def _bind_forbidden(parameters: Features) -> Judge:
    required = f"does not support {listed(parameters.features)}"
    kind = ("Forbidden", "supported")
    return _bind(parameters, wanted=Verdict.NO, required=required, kind=kind)


FEATURE_RULES: Final = (
    Rule(
        identifier="TP-FEATURE-001",
        name="features_required",
        family=Family.FEATURES,
        requirement="The required features must be supported",
        violation="A required feature is not supported",
        why="Each prevents an attack on the handshake, or is needed by clients that follow the policy.",
        severity=Severity.MEDIUM,
        parameters=Features,
        bind=_bind_required,
    ),
    Rule(
        identifier="TP-FEATURE-002",
        name="features_forbidden",
        family=Family.FEATURES,
        requirement="The forbidden features must not be supported",
        violation="A forbidden feature is supported",
        why="Each adds attack surface and is of little use.",
        severity=Severity.MEDIUM,
        parameters=Features,
        bind=_bind_forbidden,
    ),
)
