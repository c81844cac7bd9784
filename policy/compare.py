"""What two policies disagree on: the versions, suites and groups that each allows, and all other rules.

Rules are asked about one suite at a time. This makes a list of allowed suites comparable with a rule that
forbids a kind of suite.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from model.findings.finding import Outcome
from model.frozen import frozen
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.registry import NAMED_GROUPS, cipher_suite_by_name, cipher_suites_for
from policy.blank import accepting_only, imagined, speaking_only
from policy.policy import Policy, PolicyRule
from policy.rule import Subject

_VERSION_RULES: Final = frozenset({"protocol_versions"})
_SUITE_RULES: Final = frozenset(
    {"cipher_suites", "cipher_suites_forbidden", "cipher_suite_strength"}
)
_GROUP_RULES: Final = frozenset({"groups", "groups_forbidden", "group_strength"})
_COMPARED_AS_SETS: Final = _VERSION_RULES | _SUITE_RULES | _GROUP_RULES


@frozen
class Permitted:
    """What a policy allows. Suites are also listed for versions that it does not allow."""

    versions: frozenset[ProtocolVersion]
    suites: dict[ProtocolVersion, frozenset[str]]
    groups: frozenset[str]


@frozen
class Demand:
    """What each policy demands by one rule of the catalogue, in words; empty if it does not use the rule."""

    rule: str
    of_first: tuple[str, ...]
    of_second: tuple[str, ...]


@frozen
class Comparison:
    """What both policies allow, and the demands in which they differ."""

    first: Permitted
    second: Permitted
    demands: tuple[Demand, ...]


def compare(first: Policy, second: Policy) -> Comparison:
    """Compare the two policies."""
    return Comparison(
        first=permitted(first),
        second=permitted(second),
        demands=tuple(_demands(first, second)),
    )


def permitted(policy: Policy) -> Permitted:
    """Everything that no rule of the policy fails."""
    on_versions = _of(policy, _VERSION_RULES)
    on_suites = _of(policy, _SUITE_RULES)
    on_groups = _of(policy, _GROUP_RULES)
    tls13 = ProtocolVersion.TLSV1_3
    return Permitted(
        versions=frozenset(
            version
            for version in STREAM_VERSIONS
            if _lets_be(on_versions, imagined(speaking_only(version), {}, {}))
        ),
        suites={
            version: frozenset(
                suite.name
                for suite in cipher_suites_for(version)
                if _lets_be(on_suites, _with_suite(version, suite.name))
            )
            for version in STREAM_VERSIONS[2:]
        },
        groups=frozenset(
            group.name
            for group in NAMED_GROUPS
            if _lets_be(
                on_groups, imagined(speaking_only(tls13), {}, {tls13: accepting_only(group.name)})
            )
        ),
    )


def in_kinds(names: Iterable[str]) -> dict[str, int]:
    """The number of suites for each pair of key exchange and cipher, such as ``DHE AES-CBC``."""
    counts: dict[str, int] = {}
    for name in sorted(names):
        suite = cipher_suite_by_name(name)
        if suite is not None:
            key_exchange = "TLS 1.3" if suite.key_exchange == "any" else suite.key_exchange
            cipher = "-".join(filter(None, (suite.encryption, suite.mode)))
            kind = f"{key_exchange} {cipher}"
            counts[kind] = counts.get(kind, 0) + 1
    return counts


def _of(policy: Policy, ids: frozenset[str]) -> list[PolicyRule]:
    return [one for one in policy.rules if one.rule.name in ids]


def _lets_be(rules: list[PolicyRule], subject: Subject) -> bool:
    return all(one.judge(subject).outcome is not Outcome.FAIL for one in rules)


def _with_suite(version: ProtocolVersion, name: str) -> Subject:
    return imagined(speaking_only(version), {version: accepting_only(name)}, {})


def _demands(first: Policy, second: Policy) -> Iterable[Demand]:
    ids = dict.fromkeys(one.rule.name for one in (*first.rules, *second.rules))
    for rule in ids:
        if rule in _COMPARED_AS_SETS:
            continue
        demand = Demand(rule=rule, of_first=_said(first, rule), of_second=_said(second, rule))
        if demand.of_first != demand.of_second:
            yield demand


def _said(policy: Policy, rule: str) -> tuple[str, ...]:
    return tuple(
        f"{one.required} ({one.severity.value})" for one in policy.rules if one.rule.name == rule
    )
