"""Rules that no endpoint can meet together: in one policy, or in two that may apply to the same endpoint."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations, product
from typing import Final, TypeAlias

from policy.policy import EndpointSelector, Policy, PolicyRule
from policy.rules.handshake.cipher_suites import AllowedSuites, ForbiddenSuites, RequiredSuites
from policy.rules.handshake.features import Features
from policy.rules.handshake.groups import AllowedGroups, ForbiddenGroups, RequiredGroups
from policy.rules.handshake.post_quantum import QuantumGroups
from policy.rules.handshake.protocols import RequiredVersions, Versions

_Check: TypeAlias = Callable[[PolicyRule, PolicyRule], str | None]
_MTLS: Final = frozenset({"client_certificate_required", "client_certificate_verified"})


def contradiction(rules: Sequence[PolicyRule]) -> tuple[str, str] | None:
    """The name of a rule that contradicts another, and a sentence on how; None if there is none."""
    return next(_at_odds(combinations(rules, 2)), None)


def conflict(one: Policy, other: Policy) -> str | None:
    """A sentence on two policies that may apply to one endpoint and cannot both be met; None if there is none.

    Only different values of the same label, or different protocols, prove that they never share an endpoint.
    """
    if not _may_meet(one.choice, other.choice):
        return None
    found = next(_at_odds(product(one.rules, other.rules)), None)
    if found is None:
        return None
    _, why = found
    return (
        f"the policies {one.name} and {other.name} contradict each other for endpoints of both, {why}: "
        "make their `for` exclude each other, or change a rule"
    )


def _at_odds(pairs: Iterable[tuple[PolicyRule, PolicyRule]]) -> Iterator[tuple[str, str]]:
    for one, other in pairs:
        for first, second in ((one, other), (other, one)):
            for check in _CHECKS:
                if (why := check(first, second)) is not None:
                    yield second.name, f"{first.name} and {second.name}: {why}"


def _may_meet(one: EndpointSelector, other: EndpointSelector) -> bool:
    if one.protocols and other.protocols and set(one.protocols).isdisjoint(other.protocols):
        return False
    return not any(
        set(values).isdisjoint(other.labels[name])
        for name, values in one.labels.items()
        if name in other.labels
    )


def _versions(allowing: PolicyRule, requiring: PolicyRule) -> str | None:
    allowed, required = allowing.parameters, requiring.parameters
    if isinstance(allowed, Versions) and isinstance(required, RequiredVersions):
        return _outside(
            [version.label for version in required.versions],
            [version.label for version in allowed.allowed],
        )
    return None


def _outside(required: Sequence[str], allowed: Sequence[str]) -> str | None:
    strange = [name for name in required if name not in allowed]
    return f"{strange[0]} is required but not allowed" if strange else None


def _suites(allowing: PolicyRule, requiring: PolicyRule) -> str | None:
    required = requiring.parameters
    if not isinstance(required, RequiredSuites):
        return None
    names = [name for name in required.any_of if _may_have(allowing, name)]
    return None if names else "no required suite is allowed"


def _may_have(allowing: PolicyRule, name: str) -> bool:
    match allowing.parameters:
        case AllowedSuites(allowed=allowed):
            return name in allowed
        case ForbiddenSuites() as forbidden:
            return name not in forbidden.names or name in forbidden.except_suites
        case _:
            return True


def _groups(allowing: PolicyRule, requiring: PolicyRule) -> str | None:
    required = requiring.parameters
    is_preference = requiring.rule.name == "post_quantum_preferred"
    if not isinstance(required, RequiredGroups | QuantumGroups) or is_preference:
        return None
    match allowing.parameters:
        case AllowedGroups(allowed=allowed):
            possible = [name for name in required.any_of if name in allowed]
        case ForbiddenGroups(groups=forbidden):
            possible = [name for name in required.any_of if name not in forbidden]
        case _:
            return None
    return None if possible else "no required group is allowed"


def _tls13(allowing: PolicyRule, requiring: PolicyRule) -> str | None:
    allowed = allowing.parameters
    needs_it = requiring.rule.name == "post_quantum_key_exchange"
    if needs_it and isinstance(allowed, Versions):
        return _outside(["TLSv1.3"], [version.label for version in allowed.allowed])
    return None


def _features(requiring: PolicyRule, forbidding: PolicyRule) -> str | None:
    required, forbidden = requiring.parameters, forbidding.parameters
    ids = (requiring.rule.name, forbidding.rule.name)
    if ids != ("features_required", "features_forbidden"):
        return None
    if not (isinstance(required, Features) and isinstance(forbidden, Features)):
        return None
    both = [name for name in required.features if name in forbidden.features]
    return f"{both[0]} is both required and forbidden" if both else None


def _client_certificates(requiring: PolicyRule, forbidding: PolicyRule) -> str | None:
    if requiring.rule.name in _MTLS and forbidding.rule.name == "client_certificate_not_requested":
        return "a client certificate is required but must not be requested"
    return None


_CHECKS: Final[tuple[_Check, ...]] = (
    _versions,
    _suites,
    _groups,
    _tls13,
    _features,
    _client_certificates,
)
