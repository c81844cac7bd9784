"""How many endpoints of the fleet accept what, at one time: what charts over many days are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from model.frozen import frozen
from model.judging.quantum import post_quantum_key_exchange
from model.judging.spoken import spoken
from model.observation import Observation
from model.registry import Strength, strength_by_name
from model.verdict import Verdict


@frozen
class FleetCount:
    """Of the endpoints that answered with TLS at their newest visit; only proved facts count.

    ``versions`` counts those that accept a version, by its label; ``weakest`` those with this strength as the lowest
    that they accept; ``post_quantum`` those that finished a handshake with a post-quantum group.
    """

    at: datetime
    answering: int
    versions: Mapping[str, int]
    weakest: Mapping[str, int]
    post_quantum: int


@frozen
class Accepted:
    """What one endpoint that answers with TLS accepts: see ``FleetCount``."""

    versions: frozenset[str]
    weakest: Strength | None
    post_quantum: bool


def accepted_by(observation: Observation) -> Accepted:
    """What the endpoint accepts."""
    return Accepted(
        versions=accepted_versions(observation),
        weakest=weakest_strength(observation),
        post_quantum=post_quantum_key_exchange(observation) is Verdict.YES,
    )


def fleet_count(answering: Iterable[Accepted], at: datetime) -> FleetCount:
    """The count of the endpoints that answer with TLS."""
    every = tuple(answering)
    return FleetCount(
        at=at,
        answering=len(every),
        versions=Counter(label for one in every for label in one.versions),
        weakest=Counter(one.weakest.value for one in every if one.weakest),
        post_quantum=sum(one.post_quantum for one in every),
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
