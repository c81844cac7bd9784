"""The proofs of an Observation, apart from what they prove: taken out in one order, and put back in the same.

The order is that of the facts themselves, so that nothing needs to say whose a proof is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeAlias, TypeVar

from model.observation import (
    AcceptedSet,
    ClientAuth,
    Contradiction,
    DhParameters,
    Observation,
    OwnAttempt,
)
from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Fact

Proof: TypeAlias = Evidence | None
_Exchange: TypeAlias = Callable[[Proof], Proof]
_Key = TypeVar("_Key", str, ProtocolVersion)
_Found = TypeVar("_Found")


def proofs_of(observation: Observation) -> list[Proof]:
    """The proof of each fact, or None where it has none."""
    proofs: list[Proof] = []

    def take(proof: Proof) -> Proof:
        proofs.append(proof)
        return proof

    _exchanged(observation, take)
    return proofs


def with_proofs(observation: Observation, proofs: Iterable[Proof]) -> Observation:
    """The Observation with these as its proofs, as ``proofs_of`` gives them of one with the same facts.

    Raises:
        ValueError: where there are more or fewer of them than facts that have a proof.
    """
    given = iter(proofs)

    def put(_: Proof) -> Proof:
        try:
            return next(given)
        except StopIteration:
            raise ValueError("there are more facts than proofs") from None

    proved = _exchanged(observation, put)
    if next(given, proofs) is not proofs:
        raise ValueError("there are more proofs than facts")
    return proved


def _exchanged(found: Observation, exchange: _Exchange) -> Observation:
    def fact(one: Fact) -> Fact:
        return replace(one, evidence=exchange(one.evidence))

    def accepted(one: AcceptedSet) -> AcceptedSet:
        return _in_set(one, exchange)

    def client_auth(one: ClientAuth) -> ClientAuth:
        return _in_client_auth(one, exchange)

    # Keyword arguments are evaluated as they are written: their order is that of the proofs.
    return replace(
        found,
        protocols=_each(found.protocols, fact),
        cipher_suites=_each(found.cipher_suites, accepted),
        groups=_each(found.groups, accepted),
        client_auth=_each(found.client_auth, client_auth),
        dh=tuple(_in_dh(one, exchange) for one in found.dh),
        signature_schemes=_each(found.signature_schemes, accepted),
        features=_each(found.features, fact),
        vulnerabilities=_each(found.vulnerabilities, fact),
        plaintext=_each(found.plaintext, fact),
        http=_each(found.http, fact),
        contradictions=tuple(_in_contradiction(one, exchange) for one in found.contradictions),
    )


def _each(facts: Mapping[_Key, _Found], exchange: Callable[[_Found], _Found]) -> dict[_Key, _Found]:
    """In the order of the keys, which is another than theirs where one was read from JSON."""
    return {key: exchange(facts[key]) for key in sorted(facts)}


def _in_set(found: AcceptedSet, exchange: _Exchange) -> AcceptedSet:
    proofs = {name: exchange(found.evidence.get(name)) for name in found.accepted}
    return replace(
        found,
        evidence={name: proof for name, proof in proofs.items() if proof is not None},
        refusal=exchange(found.refusal),
    )


def _in_client_auth(found: ClientAuth, exchange: _Exchange) -> ClientAuth:
    def own(one: OwnAttempt | None) -> OwnAttempt | None:
        return None if one is None else replace(one, evidence=exchange(one.evidence))

    return replace(
        found,
        attempts=tuple(replace(one, evidence=exchange(one.evidence)) for one in found.attempts),
        own=own(found.own),
        expired=own(found.expired),
        evidence=exchange(found.evidence),
    )


def _in_dh(found: DhParameters, exchange: _Exchange) -> DhParameters:
    return replace(found, evidence=exchange(found.evidence))


def _in_contradiction(found: Contradiction, exchange: _Exchange) -> Contradiction:
    """Answers are proofs and no more: after the last one stands that there are no more."""
    given = iter(found.answers)
    answers = []
    while (answer := exchange(next(given, None))) is not None:
        answers.append(answer)
    return replace(found, answers=tuple(answers))
