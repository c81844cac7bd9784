"""How many endpoints of the fleet accept what, at one time: what charts over many days are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from model.frozen import frozen
from model.judging.quantum import (
    has_post_quantum_key,
    has_post_quantum_signature,
    post_quantum_key_exchange,
)
from model.judging.spoken import spoken
from model.observation import Observation
from model.registry import Strength, strength_by_name
from model.verdict import Verdict


@frozen
class FleetCount:
    """Of the endpoints that answered with TLS at their newest visit; only proved facts count.

    ``versions`` counts those that accept a version, by its label; ``weakest`` those with this strength as the lowest
    that they accept; ``post_quantum`` those that finished a handshake with a post-quantum group.
    ``leaves`` counts their different leaf certificates, and the last two those with a key or a signature of ML-DSA;
    counts of earlier versions have none of these.
    """

    at: datetime
    answering: int
    versions: Mapping[str, int]
    weakest: Mapping[str, int]
    post_quantum: int
    leaves: int = 0
    post_quantum_keys: int = 0
    post_quantum_signatures: int = 0


@frozen
class Leaf:
    """A leaf certificate by its SHA-256, and whether its key and its signature are of ML-DSA."""

    sha256: str
    has_post_quantum_key: bool
    has_post_quantum_signature: bool


@frozen
class Accepted:
    """What one endpoint that answers with TLS accepts: see ``FleetCount``."""

    versions: frozenset[str]
    weakest: Strength | None
    post_quantum: bool
    leaves: frozenset[Leaf] = frozenset()


def accepted_by(observation: Observation) -> Accepted:
    """What the endpoint accepts."""
    return Accepted(
        versions=accepted_versions(observation),
        weakest=weakest_strength(observation),
        post_quantum=post_quantum_key_exchange(observation) is Verdict.YES,
        leaves=served_leaves(observation),
    )


def fleet_count(answering: Iterable[Accepted], at: datetime) -> FleetCount:
    """The count of the endpoints that answer with TLS."""
    every = tuple(answering)
    leaves = frozenset[Leaf]().union(*(one.leaves for one in every))
    return FleetCount(
        at=at,
        answering=len(every),
        versions=Counter(label for one in every for label in one.versions),
        weakest=Counter(one.weakest.value for one in every if one.weakest),
        post_quantum=sum(one.post_quantum for one in every),
        leaves=len(leaves),
        post_quantum_keys=sum(one.has_post_quantum_key for one in leaves),
        post_quantum_signatures=sum(one.has_post_quantum_signature for one in leaves),
    )


def served_leaves(observation: Observation) -> frozenset[Leaf]:
    """The different leaves that the endpoint serves for its own name."""
    return frozenset(
        Leaf(
            sha256=chain.leaf.sha256,
            has_post_quantum_key=has_post_quantum_key(chain.leaf),
            has_post_quantum_signature=has_post_quantum_signature(chain.leaf),
        )
        for chain in observation.own_certificates
    )


def accepted_versions(observation: Observation) -> frozenset[str]:
    """The labels of the versions that the endpoint accepts."""
    return frozenset(version.label for version in spoken(observation))


def suites_by_strength(observation: Observation) -> Counter[Strength]:
    """How many suites of each strength the endpoint accepts, at all versions together."""
    return Counter(
        strength_by_name(name) or Strength.INSECURE
        for found in observation.cipher_suites.values()
        for name in found.accepted
    )


def weakest_strength(observation: Observation) -> Strength | None:
    """The lowest strength of the suites that the endpoint accepts; None if no suite is known."""
    counted = suites_by_strength(observation)
    return next((strength for strength in Strength if counted[strength]), None)


def counts_to_json(count: FleetCount) -> dict[str, Any]:
    """The count as JSON values, without its time."""
    return {
        "answering": count.answering,
        "versions": dict(count.versions),
        "weakest": dict(count.weakest),
        "post_quantum": count.post_quantum,
        "leaves": count.leaves,
        "post_quantum_keys": count.post_quantum_keys,
        "post_quantum_signatures": count.post_quantum_signatures,
    }


def counts_from_json(fields: Mapping[str, Any], at: datetime) -> FleetCount:
    """The count that ``counts_to_json`` wrote.

    Raises:
        ValueError: if it has not all numbers.
    """
    try:
        return FleetCount(at=at, **fields)
    except TypeError as error:
        raise ValueError(f"not a count of the fleet: {error}") from error
