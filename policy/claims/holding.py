"""Holds the claims of a target (``model.claims``) against one Observation, with the rules of the catalogue."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Final, TypeAlias

from pydantic import ValidationError

from model.application_protocol import IKE, SSH
from model.claims import CLAIMS_POLICY, Claim, ClaimedRule, ClaimVerdict, SourceProof
from model.claims.declared import claims_of
from model.claims.held import HeldClaim
from model.findings.finding import Outcome, RuleResult
from model.observation import Observation, State
from model.verdict import Evidence, Verdict
from policy.catalogue import RULES_BY_NAME
from policy.claims.rules import DECLARED, REPORTED, ClaimRule
from policy.judging.partial_results import heaviest
from policy.rule import WITHOUT_TLS, Evaluation, Family, Judge, Subject, is_about

_REMEMBERED: Final = 4096
_OPPOSITES: Final = {Outcome.PASS: Outcome.FAIL, Outcome.FAIL: Outcome.PASS}
_OUTCOMES: Final = {
    Verdict.YES: Outcome.PASS,
    Verdict.NO: Outcome.FAIL,
    Verdict.UNKNOWN: Outcome.UNKNOWN,
}
_VERDICTS: Final = {Outcome.PASS: ClaimVerdict.PROVED, Outcome.FAIL: ClaimVerdict.CONTRADICTED}


Held: TypeAlias = tuple[HeldClaim, Evaluation | None]
"""A claim as a visit shows it, with what its rules say if they were asked."""


class ClaimError(ValueError):
    """A claim names a rule or a parameter that does not exist; the message says which."""


def check_claim(claim: Claim) -> None:
    """Raises ClaimError if a rule of the claim cannot be judged."""
    for one in claim.rules:
        _judge_of(one)


def hold_all(subject: Subject) -> tuple[Held, ...]:
    """Each claim of the target, as the visit shows it."""
    return tuple(_held(claim, subject) for claim in claims_of(subject.observation.endpoint.target))


def claim_results(held: Iterable[Held]) -> Iterator[RuleResult]:
    """One result for each name of the provable claims, as of the policy ``claims``.

    Claims of one name share a result, because its name identifies a Finding at an endpoint.
    """
    by_name = defaultdict[str, list[tuple[Claim, Evaluation]]](list)
    for one, found in held:
        if found is not None:
            by_name[one.claim.name].append((one.claim, found))
    for several in by_name.values():
        yield _result(several)


def _held(claim: Claim, subject: Subject) -> Held:
    if claim.proof is not None:
        return _as_seen(claim, _proved(claim, claim.proof))
    if not claim.rules:
        why = claim.unprovable or "no rule says how to prove it"
        return HeldClaim(claim=claim, verdict=ClaimVerdict.UNPROVABLE, observed=why), None
    try:
        found = _evaluation(claim, subject)
    except ClaimError as error:
        # A newer release may have stored it.
        return HeldClaim(claim=claim, verdict=ClaimVerdict.UNPROVABLE, observed=str(error)), None
    if found is None:
        why = subject.observation.reason or "the endpoint did not answer"
        return HeldClaim(claim=claim, verdict=ClaimVerdict.NOT_REACHED, observed=why), None
    return _as_seen(claim, found)


def _as_seen(claim: Claim, found: Evaluation) -> Held:
    verdict = _VERDICTS.get(found.outcome, ClaimVerdict.UNPROVABLE)
    held = HeldClaim(claim=claim, verdict=verdict, observed=found.observed, evidence=found.evidence)
    return held, found


def _proved(claim: Claim, proof: SourceProof) -> Evaluation:
    """What its source has found out counts, whatever the endpoint answers."""
    return Evaluation(
        outcome=_OUTCOMES[proof.verdict],
        observed=proof.observed,
        required=claim.statement,
        evidence=Evidence(note=proof.observed),
    )


def _evaluation(claim: Claim, subject: Subject) -> Evaluation | None:
    """What the claim's rules say together; None if the endpoint did not answer what they are about."""
    found = [evaluation for one in claim.rules if (evaluation := _asked(one, subject)) is not None]
    if not found:
        return None
    heavy = heaviest(found)
    return _as_weakness(heavy) if claim.is_weakness else heavy


def _asked(one: ClaimedRule, subject: Subject) -> Evaluation | None:
    judge, family = _judge_of(one)
    observation = subject.observation
    if not is_about(family, _encrypted_by(observation)):
        return None
    if observation.answered:
        return judge(subject)
    if family in WITHOUT_TLS:
        return judge(subject) if observation.plaintext or observation.http else None
    return _answered_without_tls(observation) if observation.state is State.PLAINTEXT else None


def _encrypted_by(observation: Observation) -> str:
    """The target's protocol, also if a visit has found it out."""
    if observation.is_ssh:
        return SSH
    return IKE if observation.is_ike else observation.endpoint.target.protocol


def _answered_without_tls(observation: Observation) -> Evaluation:
    """A service that answers a hello in its own protocol contradicts every claim about its TLS."""
    fact = observation.plaintext.get("answers_in_plaintext")
    return Evaluation(
        outcome=Outcome.FAIL,
        observed="the service answers in plaintext, without TLS",
        required="TLS",
        evidence=None if fact is None else fact.evidence,
    )


def _as_weakness(found: Evaluation) -> Evaluation:
    """A weakness is there where the rules fail, and disproved where they pass."""
    return Evaluation(
        outcome=_OPPOSITES.get(found.outcome, found.outcome),
        observed=found.observed,
        required=found.required,
        evidence=found.evidence,
        cause=found.cause,
    )


def _result(held: Sequence[tuple[Claim, Evaluation]]) -> RuleResult:
    heavy = heaviest([found for _, found in held])
    claim = next(claim for claim, found in held if found is heavy)
    rule = REPORTED if claim.is_weakness else DECLARED
    return RuleResult(
        policy=CLAIMS_POLICY,
        rule=claim.name,
        rule_id=rule.identifier,
        severity=rule.severity,
        outcome=heavy.outcome,
        requirement=claim.statement,
        violation=_violation(rule, claim, heavy),
        observed=heavy.observed,
        required=heavy.required,
        source=f"{claim.source}, {claim.resource}",
        evidence=heavy.evidence,
        cause=heavy.cause,
    )


def _violation(rule: ClaimRule, claim: Claim, found: Evaluation) -> str:
    match found.outcome:
        case Outcome.FAIL:
            return f"{rule.violation}: {claim.statement} (seen: {found.observed})"
        case Outcome.UNKNOWN:
            return f"Not verified: {claim.statement} ({found.observed})"
        case _:
            return ""


def _judge_of(one: ClaimedRule) -> tuple[Judge, Family]:
    return _bound(one.rule, json.dumps(dict(one.parameters), sort_keys=True))


@lru_cache(maxsize=_REMEMBERED)
def _bound(name: str, parameters: str) -> tuple[Judge, Family]:
    rule = RULES_BY_NAME.get(name)
    if rule is None:
        raise ClaimError(f"the claimed rule {name!r} does not exist")
    try:
        read = rule.parameters.model_validate_json(parameters)
    except ValidationError as error:
        place = ".".join(map(str, error.errors()[0]["loc"]))
        raise ClaimError(f"the claimed rule {name} has an invalid parameter {place!r}") from error
    return rule.bind(read), rule.family
