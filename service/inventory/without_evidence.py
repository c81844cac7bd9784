"""What the service keeps in memory of an Observation: the facts, without the bytes that prove them.

What has no proof stays the object that it is, so that what endpoints share they share here too.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from model.certificates.certificate import ServedChain
from model.observation import AcceptedSet, ClientAuth, Observation
from model.verdict import Evidence, Fact, Verdict

Name = TypeVar("Name", bound=Hashable)
Value = TypeVar("Value")


def without_evidence(observation: Observation) -> Observation:
    """The same facts without the bytes that prove them, which the Store keeps.

    They are many times the size of the facts, and no exporter shows them.
    """
    return replace(
        observation,
        protocols=_bare_facts(observation.protocols),
        cipher_suites=_bare_sets(observation.cipher_suites),
        groups=_bare_sets(observation.groups),
        certificates=tuple(_bare_chain(deployment) for deployment in observation.certificates),
        client_auth=_same_or(
            observation.client_auth,
            {version: _bare_auth(found) for version, found in observation.client_auth.items()},
        ),
        dh=_same_or(
            observation.dh, tuple(replace(group, evidence=None) for group in observation.dh)
        ),
        signature_schemes=_bare_sets(observation.signature_schemes),
        features=_bare_facts(observation.features),
        vulnerabilities=_bare_facts(observation.vulnerabilities),
        plaintext=_bare_facts(observation.plaintext),
        http=_bare_facts(observation.http),
        contradictions=tuple(
            replace(one, answers=tuple(Evidence() for _ in one.answers))
            for one in observation.contradictions
        ),
    )


def _same_or(before: Value, bare: Value) -> Value:
    return before if bare == before else bare


_PLAIN: Final = {verdict: Fact(verdict=verdict) for verdict in Verdict}
"""Most facts have no value: all endpoints share these."""


def _bare_facts(facts: Mapping[Name, Fact]) -> Mapping[Name, Fact]:
    if all(fact.evidence is None for fact in facts.values()):
        return facts
    return {
        name: _PLAIN[fact.verdict]
        if fact.value is None
        else Fact(verdict=fact.verdict, value=fact.value)
        for name, fact in facts.items()
    }


def _bare_sets(sets: Mapping[Name, AcceptedSet]) -> Mapping[Name, AcceptedSet]:
    if not any(found.evidence or found.refusal for found in sets.values()):
        return sets
    return {name: replace(found, evidence={}, refusal=None) for name, found in sets.items()}


def _bare_auth(found: ClientAuth) -> ClientAuth:
    return replace(
        found,
        attempts=tuple(replace(attempt, evidence=None) for attempt in found.attempts),
        own=None if found.own is None else replace(found.own, evidence=None),
        expired=None if found.expired is None else replace(found.expired, evidence=None),
        evidence=None,
    )


def _bare_chain(deployment: ServedChain) -> ServedChain:
    if all(certificate.der is None for certificate in deployment.chain):
        return deployment
    chain = tuple(replace(certificate, der=None) for certificate in deployment.chain)
    return replace(deployment, chain=chain)
