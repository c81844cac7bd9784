"""Observations made by hand for checking rules: one good endpoint, and changes to it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from model.findings.finding import RuleResult
from model.observation import AcceptedSet, Observation, State
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.verdict import Evidence, Fact, Preference, Verdict
from policy.assess import assess
from policy.catalogue import RULES_BY_NAME
from policy.policy import EndpointSelector, Policy, PolicyRule
from policy.rule import Evaluation, Subject
from tests.service.samples import NOW, modern

AT = NOW
PROOF = Evidence(offer=b"\x16\x03", answer=b"\x15\x03", note="as recorded")
YES, NO, UNKNOWN = (Fact(verdict=verdict, evidence=PROOF) for verdict in Verdict)


def ruling(rule: str, observation: Observation, at: datetime = AT, **parameters: Any) -> Evaluation:
    """The rule's result for the observation."""
    found = RULES_BY_NAME[rule]
    bound = found.bind(found.parameters.model_validate(parameters))
    return bound(Subject(observation=observation, at=at))


def policy(name: str, rules: Mapping[str, Mapping[str, Any]], **choice: Any) -> Policy:
    """A policy with these rules, without a file."""
    bound = []
    for rule_name, parameters in rules.items():
        rule = RULES_BY_NAME[rule_name]
        values = rule.parameters.model_validate(parameters)
        bound.append(
            PolicyRule(
                name=rule_name,
                rule=rule,
                parameters=values,
                severity=rule.severity,
                requirement=rule.requirement,
                source="a test",
                judge=rule.bind(values),
            )
        )
    return Policy(
        name=name,
        title=name,
        description="",
        choice=EndpointSelector(**choice),
        rules=tuple(bound),
        digest=hashlib.sha256(repr((name, rules, choice)).encode()).hexdigest(),
    )


def results(observation: Observation, *policies: Policy) -> tuple[RuleResult, ...]:
    return assess(observation, policies, AT).results


def endpoint(**changes: Any) -> Observation:
    """TLS 1.2 and 1.3 without findings, except for the changes."""
    return replace(modern(), **changes)


def unreached(state: State = State.TIMEOUT) -> Observation:
    return endpoint(
        state=state,
        reason="no answer within 60 s",
        protocols={},
        cipher_suites={},
        groups={},
        certificates=(),
        client_auth={},
    )


def speaking(verdicts: Mapping[ProtocolVersion, Fact]) -> dict[ProtocolVersion, Fact]:
    """Only the given versions."""
    return {version: verdicts.get(version, NO) for version in STREAM_VERSIONS}


def accepting(
    names: Iterable[str], *, complete: bool = True, preference: Preference = Preference.SERVER
) -> AcceptedSet:
    every = tuple(names)
    return AcceptedSet(
        accepted=every,
        complete=complete,
        preference=preference,
        evidence=dict.fromkeys(every, PROOF),
        refusal=PROOF if complete else None,
    )


def later(days: int) -> datetime:
    return datetime(2026, 7, 1 + days, tzinfo=UTC)
