"""Judges one Observation by every policy that applies to its endpoint: pure, and so repeatable.

An endpoint that did not answer has one result for each policy, that of ``reachable``. If it answered in
plaintext or HTTP, the rules on plaintext and HTTPS have results too. Nothing was proved about the other
rules, so earlier findings stay as they were. An SSH server is judged by the rules on SSH, an IKE responder by those on
IKE, and neither by others; a policy without any does not apply to it.

The claims of the target (``model.claims``) have results too, as those of one more policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from typing import Final

from model.claims import CLAIMS_POLICY
from model.claims.claims_json import claims_digest
from model.claims.declared import claims_of
from model.claims.held import HeldClaim
from model.findings.finding import Assessment, Outcome, RuleResult
from model.observation import Observation
from model.target import Target
from policy.claims import Held, claim_results, hold_all
from policy.datagrams import as_stream, is_over_datagrams, named_as_dtls, named_in_claim
from policy.policy import Policy, PolicyRule
from policy.rule import WITHOUT_TLS, Evaluation, Subject, is_about
from policy.rules.endpoint.reach import REACHED

_REACHED: Final = REACHED.name
_LONGEST_TEXT: Final = 4000
"""The maximum number of characters of an observed text: servers choose some of these, and findings are stored."""


def assess(observation: Observation, policies: Iterable[Policy], at: datetime) -> Assessment:
    """All results of the policies that apply to the endpoint, at an aware time."""
    target = observation.endpoint.target
    policies = tuple(policies)
    is_dtls = is_over_datagrams(observation)
    subject = _subject(observation, at)
    holding = (policy for policy in policies if policy.applies_to(target))
    of_policies = (result for policy in holding for result in _results(policy, subject))
    held = hold_all(subject)
    results = chain(of_policies, claim_results(held))
    return Assessment(
        endpoint_key=observation.endpoint.key,
        assessed_at=at,
        policies=applied(policies, target),
        results=tuple(map(named_as_dtls, results) if is_dtls else results),
        claims=_named(observation, held),
        is_whole=observation.answered,
    )


def held_claims(observation: Observation, at: datetime) -> tuple[HeldClaim, ...]:
    """The claims of the target as this visit shows them, at an aware time."""
    return _named(observation, hold_all(_subject(observation, at)))


def applied(policies: Iterable[Policy], target: Target) -> dict[str, str]:
    """The digest of each policy that applies to endpoints of ``target``, by name, and that of its claims."""
    digests = {policy.name: policy.digest for policy in policies if policy.applies_to(target)}
    if claims := claims_of(target):
        digests[CLAIMS_POLICY] = claims_digest(claims)
    return digests


def _subject(observation: Observation, at: datetime) -> Subject:
    judged = as_stream(observation) if is_over_datagrams(observation) else observation
    return Subject(observation=judged, at=at)


def _named(observation: Observation, held: Iterable[Held]) -> tuple[HeldClaim, ...]:
    is_dtls = is_over_datagrams(observation)
    return tuple(named_in_claim(one) if is_dtls else one for one, _ in held)


def _results(policy: Policy, subject: Subject) -> Iterator[RuleResult]:
    observation = subject.observation
    is_reached = observation.answered
    protocol = observation.endpoint.target.protocol
    spoke_in_plaintext = bool(observation.plaintext or observation.http)
    for one in policy.rules:
        in_plaintext = spoke_in_plaintext and one.rule.family in WITHOUT_TLS
        if one.rule.name == _REACHED or (
            is_about(one.rule.family, protocol) and (is_reached or in_plaintext)
        ):
            yield _result(policy.name, one, subject)


def _result(policy: str, one: PolicyRule, subject: Subject) -> RuleResult:
    ruling = one.judge(subject)
    return RuleResult(
        policy=policy,
        rule=one.name,
        rule_id=one.rule.identifier,
        severity=one.severity,
        outcome=ruling.outcome,
        requirement=one.requirement,
        violation=_bounded(_violation(one, ruling)),
        observed=_bounded(ruling.observed),
        required=ruling.required,
        source=one.source,
        evidence=ruling.evidence,
        cause=ruling.cause,
    )


def _violation(one: PolicyRule, ruling: Evaluation) -> str:
    """The violation with values, or that nothing is known; empty if nothing is wrong."""
    match ruling.outcome:
        case Outcome.FAIL if one.violation is not None:
            return f"{one.violation}: {ruling.observed}"
        case Outcome.FAIL:
            return ruling.violation or f"{one.rule.violation}: {ruling.observed}"
        case Outcome.UNKNOWN:
            return ruling.violation or f"Not verified: {one.requirement} ({ruling.observed})"
        case _:
            return ""


def _bounded(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
