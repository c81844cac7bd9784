"""What all policies together demand of an IKE responder's configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Final

from model.frozen import frozen
from model.judging.ike import accepted
from model.registry.ike_transforms import TRANSFORMS, Transform, TransformType
from model.verdict import Fact
from policy.policy import PolicyRule
from policy.rules.handshake.ike import Transforms

_KINDS: Final[Mapping[str, TransformType]] = {
    f"ike_{kind.name.lower()}": kind for kind in TransformType
}
"""The type of transforms that each rule is about."""
_ENOUGH: Final = 2


@frozen
class IkeDemands:
    """``kept`` are the transforms to configure, by type, strong ones first."""

    kept: Mapping[TransformType, tuple[Transform, ...]] = field(default_factory=dict)

    def of(self, kind: TransformType) -> tuple[Transform, ...]:
        """The transforms of a type; empty if there is none to configure."""
        return self.kept.get(kind, ())

    def encryption(self, *, is_aead: bool) -> tuple[Transform, ...]:
        """The encryption with integrity of its own, or without: a proposal has one kind only (RFC 7296, section 3.3)."""
        return tuple(one for one in self.of(TransformType.ENCRYPTION) if one.is_aead is is_aead)


def ike_demands_of(rules: Iterable[PolicyRule], facts: Mapping[str, Fact]) -> IkeDemands:
    """What ``rules`` demand of the responder with these ``facts``, or of any if there are none.

    What it accepts now and the rules allow stays. If that is nothing, the first allowed transforms take its place: without
    a rule those that RFC 8247 does not advise against.
    """
    rules = tuple(rules)
    return IkeDemands(
        kept={kind: _kept(kind, rules, facts) for kind in TransformType if _is_used(kind, facts)}
    )


def _is_used(kind: TransformType, facts: Mapping[str, Fact]) -> bool:
    """A responder without an additional key exchange needs none."""
    return kind is not TransformType.ADDITIONAL_KEY_EXCHANGE or bool(accepted(facts, kind))


def _kept(
    kind: TransformType, rules: Iterable[PolicyRule], facts: Mapping[str, Fact]
) -> tuple[Transform, ...]:
    limits = [
        one.parameters.allowed
        for one in rules
        if _KINDS.get(one.rule.name) is kind and isinstance(one.parameters, Transforms)
    ]

    def is_allowed(one: Transform) -> bool:
        return all(one.name in names if names else not one.is_weak for names in limits)

    kept = tuple(filter(is_allowed, accepted(facts, kind)))
    usual = (one for one in TRANSFORMS[kind] if is_allowed(one) and not one.is_weak)
    return kept or tuple(usual)[:_ENOUGH]
