"""Rules on the named groups of the key exchange (RFC 9846, section 4.2.7; RFC 8422)."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from model.findings.finding import Severity
from model.registry import NAMED_GROUPS
from policy.judging.accepted import BadIn, group_gaps, judge_presence, judge_sets
from policy.judging.partial_results import listed
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject
from policy.values import GroupName

_NO_GROUP: Final = "no key exchange uses a group"


class AllowedGroups(Parameters):
    """``allowed``: groups that may be accepted, at any version."""

    allowed: tuple[GroupName, ...] = Field(min_length=1)


class ForbiddenGroups(Parameters):
    """``groups``: those that no version may accept."""

    groups: tuple[GroupName, ...] = Field(min_length=1)


class RequiredGroups(Parameters):
    """``any_of``: groups of which one at least must be accepted."""

    any_of: tuple[GroupName, ...] = Field(min_length=1)


class LeastGroupStrength(Parameters):
    """``minimum_bits``: the least security that a group's registry entry gives it, in bits."""

    minimum_bits: int = Field(ge=1, le=256)


def _judge(bad_in: BadIn, required: str, noun: tuple[str, str]) -> Judge:
    def judge(subject: Subject) -> Evaluation:
        observation = subject.observation
        return judge_sets(
            observation.groups,
            bad_in,
            lambda: group_gaps(observation),
            required=required,
            nothing=_NO_GROUP,
            noun=noun,
        )

    return judge


def _bind_allowed(parameters: AllowedGroups) -> Judge:
    allowed = frozenset(parameters.allowed)
    return _judge(
        lambda accepted: [name for name in accepted if name not in allowed],
        f"only {listed(parameters.allowed)}",
        ("a group that is not allowed", "groups that are not allowed"),
    )


def _bind_forbidden(parameters: ForbiddenGroups) -> Judge:
    forbidden = frozenset(parameters.groups)
    return _judge(
        lambda accepted: [name for name in accepted if name in forbidden],
        f"none of {listed(parameters.groups)}",
        ("a forbidden group", "forbidden groups"),
    )


def _bind_strength(parameters: LeastGroupStrength) -> Judge:
    """Groups without a value (post-quantum hybrids) are never weaker than their classical half."""
    weak = frozenset(
        group.name
        for group in NAMED_GROUPS
        if group.security_bits is not None and group.security_bits < parameters.minimum_bits
    )
    under = f"under {parameters.minimum_bits} bits of security"
    return _judge(
        lambda accepted: [name for name in accepted if name in weak],
        f"no group {under}",
        (f"a group {under}", f"groups {under}"),
    )


def _bind_required(parameters: RequiredGroups) -> Judge:
    wanted = frozenset(parameters.any_of)
    required = f"one of {listed(parameters.any_of)}"
    violation = f"Accepts none of the required groups: {listed(parameters.any_of)}"

    def judge(subject: Subject) -> Evaluation:
        observation = subject.observation
        return judge_presence(
            observation.groups,
            wanted,
            lambda: group_gaps(observation),
            required=required,
            violation=violation,
        )

    return judge


GROUP_RULES: Final = (
    Rule(
        identifier="TP-GROUP-001",
        name="groups",
        family=Family.GROUPS,
        requirement="Only the allowed key exchange groups may be accepted",
        violation="A key exchange group that is not allowed is accepted",
        why="A weak group lets an attacker decrypt every recorded session.",
        severity=Severity.MEDIUM,
        parameters=AllowedGroups,
        bind=_bind_allowed,
    ),
    Rule(
        identifier="TP-GROUP-002",
        name="groups_forbidden",
        family=Family.GROUPS,
        requirement="Forbidden key exchange groups must not be accepted",
        violation="A forbidden key exchange group is accepted",
        why="A weak group lets an attacker decrypt every recorded session.",
        severity=Severity.MEDIUM,
        parameters=ForbiddenGroups,
        bind=_bind_forbidden,
    ),
    Rule(
        identifier="TP-GROUP-003",
        name="groups_required",
        family=Family.GROUPS,
        requirement="At least one of the required key exchange groups must be accepted",
        violation="None of the required key exchange groups is accepted",
        why="Clients that follow the same policy need a group in common.",
        severity=Severity.MEDIUM,
        parameters=RequiredGroups,
        bind=_bind_required,
    ),
    Rule(
        identifier="TP-GROUP-004",
        name="group_strength",
        family=Family.GROUPS,
        requirement="Key exchange groups must have the minimum security",
        violation="A key exchange group below the minimum security is accepted",
        why="Curves and fields below 112 bits of security can be broken in recorded sessions.",
        severity=Severity.HIGH,
        parameters=LeastGroupStrength,
        bind=_bind_strength,
    ),
)
