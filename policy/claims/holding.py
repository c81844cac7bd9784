"""Holds the claims of a target (``model.claims``) against one Observation, with the rules of the catalogue."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from pydantic import ValidationError

from model.claims import CLAIMS_POLICY, Claim, ClaimedRule, ClaimVerdict
from model.findings.finding import Outcome, RuleResult
from model.observation import Observation, State
from policy.catalogue import RULES_BY_NAME
from policy.claims.rules import DECLARED, REPORTED, ClaimRule
from policy.judging.partial_results import heaviest
from policy.rule import Evaluation, Family, Judge, Subject

_REMEMBERED: Final = 4096
_WITHOUT_TLS: Final = frozenset({Family.PLAINTEXT, Family.HTTPS})
_OPPOSITES: Final = {Outcome.PASS: Outcome.FAIL, Outcome.FAIL: Outcome.PASS}
_VERDICTS: Final = {Outcome.PASS: ClaimVerdict.PROVED, Outcome.FAIL: ClaimVerdict.CONTRADICTED}


class ClaimError(ValueError):
    """A claim names a rule or a parameter that does not exist; the message says which."""


def check_claim(claim: Claim) -> None:
    """Raises ClaimError if a rule of the claim cannot be judged."""
    for one in claim.rules:
        _judge_of(one)


def hold(claim: Claim, subject: Subject) -> tuple[ClaimVerdict, Evaluation]:
    """The verdict on one claim, and the Evaluation that gives what was seen and its evidence.

    Raises:
        ClaimError: if a rule of the claim does not exist.
    """
    if not claim.rules:
        return ClaimVerdict.UNPROVABLE, Evaluation(
            outcome=Outcome.NOT_APPLICABLE, observed=claim.unprovable, required=claim.statement
        )
    found = _evaluation(claim, subject)
    if found is None:
        return ClaimVerdict.NOT_REACHED, Evaluation(
            outcome=Outcome.UNKNOWN,
            observed=subject.observation.reason or "the endpoint did not answer with TLS",
            required=claim.statement,
        )
    return _VERDICTS.get(found.outcome, ClaimVerdict.UNPROVABLE), found


def claim_results(subject: Subject) -> Iterator[RuleResult]:
    """One result for each name of the target's provable claims, as of the policy ``claims``.

    Claims of one name share a result, because its name identifies a Finding at an endpoint.
    """
    by_name = defaultdict[str, list[tuple[Claim, Evaluation]]](list)
    for claim in subject.observation.endpoint.target.claims:
        if claim.rules and (found := _evaluation(claim, subject)) is not None:
            by_name[claim.name].append((claim, found))
    for held in by_name.values():
        yield _result(held)


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
    if observation.answered_as_tls:
        return judge(subject)
    if family in _WITHOUT_TLS:
        return judge(subject) if observation.plaintext or observation.http else None
    return _answered_without_tls(observation) if observation.state is State.PLAINTEXT else None


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
