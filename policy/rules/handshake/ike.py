"""Rules on what an IKE responder accepts (RFC 7296, RFC 8247, RFC 9395)."""

from __future__ import annotations

from functools import partial
from typing import Final

from pydantic import field_validator

from model.findings.finding import Outcome, Severity
from model.intrusiveness import Intrusiveness
from model.judging.ike import accepted, undecided
from model.registry.ike_transforms import TRANSFORMS, TransformType
from model.verdict import Verdict
from policy.judging.partial_results import judge_fact, listed, not_applicable, unknown
from policy.rule import AnyRule, Evaluation, Family, Judge, Parameters, Rule, Subject

_POST_QUANTUM: Final = "post_quantum_key_exchange"
_NAMES: Final = {one.name: one for every in TRANSFORMS.values() for one in every}


class NoParameters(Parameters):
    """No parameters."""


class Transforms(Parameters):
    """``allowed``: the transforms that may be accepted, by the names of their facts without the type; by default all
    but those that RFC 8247 advises against."""

    allowed: tuple[str, ...] = ()

    @field_validator("allowed")
    @classmethod
    def _is_known(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        bad = [name for name in names if name not in _NAMES]
        if bad:
            raise ValueError(
                f"unknown transforms: {listed(bad)}; docs/reference/checks.md has all names"
            )
        return names


def _bind_version_1(name: str, words: str, level: Intrusiveness) -> Judge:
    required = f"no answer in IKEv1 {words}"

    def judge(subject: Subject) -> Evaluation:
        observation = subject.observation
        needs = level if name in observation.not_asked else None
        return judge_fact(
            observation.ike.get(name),
            Verdict.NO,
            words={
                Verdict.YES: f"IKEv1 {words} is accepted",
                Verdict.NO: f"IKEv1 {words} is refused",
                Verdict.UNKNOWN: f"not known whether IKEv1 {words} is accepted",
            },
            required=required,
            violation=f"IKEv1 {words} is accepted",
            needs=needs,
        )

    return judge


def _bind_main_mode(_: NoParameters) -> Judge:
    return _bind_version_1("ikev1_main_mode", "main mode", Intrusiveness.SAFE)


def _bind_aggressive_mode(_: NoParameters) -> Judge:
    return _bind_version_1("ikev1_aggressive_mode", "aggressive mode", Intrusiveness.FULL)


def _bind_transforms(kind: TransformType, parameters: Transforms) -> Judge:
    candidates = TRANSFORMS[kind]
    allowed = parameters.allowed or tuple(one.name for one in candidates if not one.is_weak)
    required = f"only {listed(allowed)}"

    def judge(subject: Subject) -> Evaluation:
        facts = subject.observation.ike
        found = accepted(facts, kind)
        bad = [one for one in found if one.name not in allowed]
        if bad:
            return Evaluation(
                outcome=Outcome.FAIL,
                observed=f"accepts {listed(one.name for one in bad)}",
                required=required,
                evidence=facts[bad[0].fact].evidence,
            )
        if open_ones := [one.name for one in undecided(facts, kind) if one.name not in allowed]:
            fact = facts.get(next(one.fact for one in candidates if one.name == open_ones[0]))
            evidence = None if fact is None else fact.evidence
            return unknown(f"not known: {listed(open_ones)}", required, evidence)
        if not found:
            return not_applicable(f"accepts no {kind.words} of the known ones", required)
        return Evaluation(
            outcome=Outcome.PASS,
            observed=f"accepts {listed(one.name for one in found)}",
            required=required,
            evidence=facts[found[0].fact].evidence,
        )

    return judge


def _bind_post_quantum(_: NoParameters) -> Judge:
    def judge(subject: Subject) -> Evaluation:
        return judge_fact(
            subject.observation.ike.get(_POST_QUANTUM),
            Verdict.YES,
            words={
                Verdict.YES: "accepts ML-KEM",
                Verdict.NO: "accepts no ML-KEM",
                Verdict.UNKNOWN: "not known whether ML-KEM is accepted",
            },
            required="a key exchange with ML-KEM",
            violation="accepts no ML-KEM",
        )

    return judge


def _transform_rule(number: int, kind: TransformType, severity: Severity, why: str) -> AnyRule:
    return Rule(
        identifier=f"TP-IKE-{number:03}",
        name=f"ike_{kind.name.lower()}",
        family=Family.IKE,
        requirement=f"An IKE responder may accept only allowed {kind.words} transforms",
        violation=f"The IKE responder accepts {kind.words} transforms that are not allowed",
        why=why,
        severity=severity,
        parameters=Transforms,
        bind=partial(_bind_transforms, kind),
    )


IKE_RULES: Final[tuple[AnyRule, ...]] = (
    Rule(
        identifier="TP-IKE-001",
        name="ikev1_main_mode",
        family=Family.IKE,
        requirement="An IKE responder must not accept IKEv1 main mode",
        violation="The IKE responder accepts IKEv1 main mode",
        why="IKEv1 is deprecated (RFC 9395), and has no modern algorithms.",
        severity=Severity.MEDIUM,
        parameters=NoParameters,
        bind=_bind_main_mode,
    ),
    Rule(
        identifier="TP-IKE-002",
        name="ikev1_aggressive_mode",
        family=Family.IKE,
        requirement="An IKE responder must not accept IKEv1 aggressive mode",
        violation="The IKE responder accepts IKEv1 aggressive mode",
        why="With a pre-shared key, its answer lets anyone guess the key offline.",
        severity=Severity.HIGH,
        parameters=NoParameters,
        bind=_bind_aggressive_mode,
    ),
    _transform_rule(
        3,
        TransformType.ENCRYPTION,
        Severity.HIGH,
        "Ciphers with blocks of 64 bits or short keys can be broken.",
    ),
    _transform_rule(
        4,
        TransformType.PRF,
        Severity.MEDIUM,
        "All keys of the IKE SA are derived by this function.",
    ),
    _transform_rule(
        5,
        TransformType.INTEGRITY,
        Severity.MEDIUM,
        "MD5 and SHA-1 are deprecated for this use (RFC 8247).",
    ),
    _transform_rule(
        6,
        TransformType.KEY_EXCHANGE,
        Severity.HIGH,
        "A group of less than 2048 bits can be broken once for all connections (weakdh.org).",
    ),
    Rule(
        identifier="TP-IKE-007",
        name="ike_post_quantum",
        family=Family.IKE,
        requirement="An IKE responder must accept a post-quantum key exchange",
        violation="The IKE responder accepts no post-quantum key exchange",
        why="Quantum computers will decrypt what is recorded today.",
        severity=Severity.LOW,
        parameters=NoParameters,
        bind=_bind_post_quantum,
    ),
)
