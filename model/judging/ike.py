"""Facts of IKE responders: which transforms they proved to accept, and which are not decided."""

from __future__ import annotations

from collections.abc import Mapping

from model.registry.ike_transforms import TRANSFORMS, Transform, TransformType
from model.verdict import Fact, Verdict


def accepted(facts: Mapping[str, Fact], kind: TransformType) -> tuple[Transform, ...]:
    """The transforms of a type that the responder proved to accept."""
    return tuple(one for one in TRANSFORMS[kind] if verdict_on(facts, one) is Verdict.YES)


def undecided(facts: Mapping[str, Fact], kind: TransformType) -> tuple[Transform, ...]:
    """The transforms of a type that are neither proved nor disproved, or were not asked."""
    return tuple(one for one in TRANSFORMS[kind] if verdict_on(facts, one) is Verdict.UNKNOWN)


def verdict_on(facts: Mapping[str, Fact], transform: Transform) -> Verdict:
    """Whether the responder accepts the transform; unknown if there is no such fact."""
    fact = facts.get(transform.fact)
    return Verdict.UNKNOWN if fact is None else fact.verdict


def weak_accepted(facts: Mapping[str, Fact], kind: TransformType) -> list[str]:
    """The names of the weak transforms of a type that the responder accepts."""
    return [one.name for one in accepted(facts, kind) if one.is_weak]
