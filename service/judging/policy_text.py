"""Policies, rules and their differences as text for a terminal, and as JSON."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from model.claims import CLAIMS_POLICY
from model.findings.finding import labelled_rule
from model.protocol_version import ProtocolVersion
from policy import RULES, Policy
from policy.claims.rules import CLAIM_RULES, ClaimRule
from policy.compare import Comparison, Permitted, compare, in_kinds
from policy.policy import PolicyRule
from policy.rule import AnyRule
from policy.rules.endpoint.reach import REACHED

_NAMES_SHOWN: Final = 6
_WIDTH: Final = 98


def listing(policies: Sequence[Policy]) -> Iterator[str]:
    """The profiles, and the rules of the catalogue by family."""
    width = max((len(policy.name) for policy in policies), default=0)
    yield "Profiles:"
    for policy in policies:
        yield f"  {policy.name:<{width}}  {policy.title}"
    width = max(len(rule.name) for rule in RULES)
    id_width = max(len(rule.identifier) for rule in RULES)
    for family in dict.fromkeys(rule.family for rule in RULES):
        yield ""
        yield f"Rules on {family.value}:"
        for rule in RULES:
            if rule.family is family:
                yield (f"  {rule.identifier:<{id_width}}  {rule.name:<{width}}  {rule.requirement}")
    yield ""
    yield "Rules on claims, which are in no policy:"
    for about in CLAIM_RULES:
        yield f"  {about.identifier:<{id_width}}  {'the name of the claim':<{width}}  {about.requirement}"


def shown(policy: Policy) -> Iterator[str]:
    """One policy: the targets it applies to, and what each rule requires."""
    yield f"{policy.name}: {policy.title}"
    if policy.description:
        yield from (f"  {line}" for line in textwrap.wrap(policy.description.strip(), _WIDTH))
    yield f"  applies to {_choice(policy)}"
    if policy.endpoints:
        yield f"  declares {', '.join(policy.endpoints)}"
    if policy.extends:
        yield f"  extends {', '.join(policy.extends)}"
    yield f"  digest {policy.digest}"
    for one in policy.rules:
        used = "" if one.name == one.rule.name else f", uses {one.rule.name}"
        yield ""
        label = labelled_rule(one.name, one.rule.identifier)
        yield f"  {label}{used}, {one.severity.value}: {one.requirement}"
        yield f"    required: {one.required}"
        yield f"    source: {one.source}"


def _choice(policy: Policy) -> str:
    words = [
        f"{name} {' or '.join(values)}" for name, values in sorted(policy.choice.labels.items())
    ]
    if policy.choice.protocols:
        words.append(f"protocol {' or '.join(policy.choice.protocols)}")
    return f"endpoints with {', '.join(words)}" if words else "every endpoint"


def explained(rule: AnyRule, policies: Iterable[Policy]) -> Iterator[str]:
    """What a rule requires and why, its parameters, and which profiles use it and how."""
    yield f"{labelled_rule(rule.name, rule.identifier)}: {rule.requirement}"
    yield f"  {rule.why}"
    yield f"  reported as: {rule.violation}"
    yield f"  family: {rule.family.value}; default severity: {rule.severity.value}"
    about = " ".join((rule.parameters.__doc__ or "").replace("``", "").split())
    if rule.parameters.model_fields:
        yield ""
        yield f"  Parameters. {about}"
        for name, found in rule.parameters.model_fields.items():
            yield f"    {name}{_default(found)}"
    users = [
        f"    {policy.name}: {one.name}, {one.severity.value}: {one.required} [{one.source}]"
        for policy, one in _users(rule, policies)
    ]
    if users:
        yield ""
        yield "  Used by"
        yield from users


def claim_rule_explained(rule: ClaimRule) -> Iterator[str]:
    """What a rule on claims requires and why, and where the claims are."""
    yield f"{rule.identifier}: {rule.requirement}"
    yield f"  {rule.why}"
    yield f"  reported as: {rule.violation}"
    yield f"  severity: {rule.severity.value}"
    yield ""
    yield "  No policy has this rule: every claim of a target is judged, and its finding has the name of the claim."
    yield "  List them: tlsprobe claims"


def claim_rule_to_json(rule: ClaimRule) -> dict[str, Any]:
    """The same as JSON values, in the form of ``rule_to_json``: it has no parameters, and no policy uses it."""
    return {
        "rule": CLAIMS_POLICY,
        "rule_id": rule.identifier,
        "family": CLAIMS_POLICY,
        "severity": rule.severity.value,
        "requirement": rule.requirement,
        "violation": rule.violation,
        "why": rule.why,
        "parameters": [],
        "used_by": [],
    }


def rule_to_json(rule: AnyRule, policies: Iterable[Policy]) -> dict[str, Any]:
    """The same as JSON values; a parameter that a policy must set has no ``default``."""
    return {
        "rule": rule.name,
        "rule_id": rule.identifier,
        "family": rule.family.value,
        "severity": rule.severity.value,
        "requirement": rule.requirement,
        "violation": rule.violation,
        "why": rule.why,
        "parameters": [
            {"name": name, **_default_to_json(found)}
            for name, found in rule.parameters.model_fields.items()
        ],
        "used_by": [
            {
                "policy": policy.name,
                "rule": one.name,
                "severity": one.severity.value,
                "required": one.required,
                "source": one.source,
            }
            for policy, one in _users(rule, policies)
        ],
    }


def _users(rule: AnyRule, policies: Iterable[Policy]) -> Iterator[tuple[Policy, PolicyRule]]:
    """Where the policies use a rule; what all of them require is left out."""
    if rule is not REACHED:
        yield from (
            (policy, one) for policy in policies for one in policy.rules if one.rule is rule
        )


def _default_to_json(found: FieldInfo) -> dict[str, Any]:
    if found.default is PydanticUndefined:
        return {}
    value = found.default
    return {"default": _labels_of(value) if isinstance(value, tuple) else value}


def _labels_of(values: tuple[Any, ...]) -> list[str]:
    return [getattr(one, "label", None) or str(one) for one in values]


def _default(found: FieldInfo) -> str:
    if found.default is PydanticUndefined:
        return " (required)"
    value = found.default
    if isinstance(value, tuple):
        several = _labels_of(value)
        text = ", ".join(several[:_NAMES_SHOWN])
        more = f" and {len(several) - _NAMES_SHOWN} more" if len(several) > _NAMES_SHOWN else ""
        return f", [{text}{more}] by default"
    return ", unset by default" if value is None else f", {str(value).lower()} by default"


def differing(first: Policy, second: Policy, found: Comparison) -> Iterator[str]:
    """The differences between two policies: versions, suites, groups, and all other requirements."""
    names = (first.name, second.name)
    lines = [
        *_sets("versions", names, *_labels(found.first.versions, found.second.versions)),
        *_suites(names, found.first, found.second),
        *_sets("groups", names, found.first.groups, found.second.groups),
    ]
    for demand in found.demands:
        lines.append(f"{demand.rule}:")
        lines += [f"  {first.name}: {'; '.join(demand.of_first) or 'no requirement'}"]
        lines += [f"  {second.name}: {'; '.join(demand.of_second) or 'no requirement'}"]
    yield from lines or [f"{first.name} and {second.name} require the same"]


def _labels(
    *sets: frozenset[ProtocolVersion],
) -> tuple[frozenset[str], frozenset[str]]:
    first, second = (frozenset(version.label for version in one) for one in sets)
    return first, second


def _sets(
    what: str, names: tuple[str, str], first: frozenset[str], second: frozenset[str]
) -> Iterator[str]:
    for name, only in ((names[0], first - second), (names[1], second - first)):
        if only:
            yield f"{what} that {name} alone allows: {', '.join(sorted(only))}"


def _suites(names: tuple[str, str], first: Permitted, second: Permitted) -> Iterator[str]:
    for name, mine, others in ((names[0], first, second), (names[1], second, first)):
        by_difference: dict[frozenset[str], list[str]] = {}
        for version in sorted(mine.suites):
            only = mine.suites[version] - others.suites[version]
            if only and version in mine.versions:
                by_difference.setdefault(only, []).append(version.label)
        for only, versions in by_difference.items():
            yield f"suites that {name} alone allows at {', '.join(versions)}: {_counted(only)}"


def _counted(only: frozenset[str]) -> str:
    if len(only) <= _NAMES_SHOWN:
        return ", ".join(sorted(only))
    return ", ".join(f"{kind} ({count})" for kind, count in in_kinds(only).items())


def compared(policies: Sequence[Policy], first: str, second: str) -> dict[str, Any] | None:
    """How the policies with these names differ, as JSON values; None if one is not there."""
    by_name = {policy.name: policy for policy in policies}
    one, other = by_name.get(first), by_name.get(second)
    if one is None or other is None:
        return None
    return comparison_to_json(one, other, compare(one, other))


def comparison_to_json(first: Policy, second: Policy, found: Comparison) -> dict[str, Any]:
    """The same as JSON values, with suites by name."""
    permitted = ((first, found.first, found.second), (second, found.second, found.first))
    return {
        "only": {
            policy.name: {
                "versions": sorted(one.label for one in mine.versions - others.versions),
                "cipher_suites": {
                    version.label: sorted(mine.suites[version] - others.suites[version])
                    for version in sorted(mine.versions & mine.suites.keys())
                },
                "groups": sorted(mine.groups - others.groups),
            }
            for policy, mine, others in permitted
        },
        "differing_rules": [
            {
                "rule": demand.rule,
                first.name: list(demand.of_first),
                second.name: list(demand.of_second),
            }
            for demand in found.demands
        ],
    }
