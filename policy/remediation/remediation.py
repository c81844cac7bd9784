"""The remediation for a finding: the kind of server, the demands of its policies, and the lines to configure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from model.findings.finding import RuleResult
from model.findings.remediation import Remediation
from model.frozen import frozen
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.target import Target
from model.target_labels import SERVER, http_port_of
from policy.policy import Policy, PolicyRule
from policy.remediation.aws.resources import resource_of
from policy.remediation.catalogue import SERVERS
from policy.remediation.demands import Demands, demands_of
from policy.remediation.ike_demands import ike_demands_of
from policy.remediation.needed_topics import needed_topics
from policy.remediation.setting import ServerKind, Topic
from policy.remediation.ssh_demands import ssh_demands_of

_BY_ALIAS: Final = {alias: kind for kind in SERVERS for alias in kind.aliases}
_BY_PROTOCOL: Final = {"postgres": "postgresql", "mysql": "mysql"}


@frozen
class Fix:
    """What fixes a finding: the ``topics`` to configure on a server of ``kind``, as ``demands`` say."""

    kind: ServerKind
    topics: tuple[Topic, ...]
    demands: Demands


def server_kind(observation: Observation) -> ServerKind | None:
    """The kind that the label names, else that of the target's resource in AWS, else the detected kind, else None.

    The kind is detected from the HTTP ``Server`` header, the SSH identification or the protocol: only PostgreSQL speaks
    PostgreSQL's protocol.
    """
    target = observation.endpoint.target
    if SERVER in target.labels:
        return _BY_ALIAS.get(target.labels[SERVER].strip().casefold())
    for kind in SERVERS:
        if resource_of(target, kind.arns) is not None:
            return kind
    banner = observation.http.get("server") or observation.ssh.get("identification")
    if banner is not None and banner.value is not None:
        return _of_banner(banner.value)
    return _BY_ALIAS.get(_BY_PROTOCOL.get(target.protocol, ""))


def fix_of(observation: Observation, result: RuleResult, policies: Sequence[Policy]) -> Fix | None:
    """What makes the endpoint's server meet the rule of ``result`` and all other policies.

    It includes what the rest needs so that no rule which is met now fails afterwards. None if the kind of server
    is unknown, the endpoint was not reached, or no setting fixes the rule.
    """
    kind = server_kind(observation)
    return None if kind is None else _fix(kind, observation, result, policies)


def obstacle_of(
    observation: Observation, result: RuleResult, policies: Sequence[Policy]
) -> str | None:
    """Why the kind of server cannot meet the rule, as a clause, if a setting of a newer kind would."""
    kind = server_kind(observation)
    if kind is None or not kind.successor or _fix(kind, observation, result, policies):
        return None
    if not _fix(replace(kind, newest=max(ProtocolVersion)), observation, result, policies):
        return None
    newest = kind.newest.display_name
    return f"a {kind.name} speaks nothing newer than {newest}: use {kind.successor}"


def _fix(
    kind: ServerKind, observation: Observation, result: RuleResult, policies: Sequence[Policy]
) -> Fix | None:
    rule = _rule(result, policies)
    if rule is None:
        return None
    target = observation.endpoint.target
    applicable = holding(policies, target)
    demands = _demands(kind, applicable, target)
    if demands is None:
        return None
    rules = [one for policy in applicable for one in policy.rules]
    if observation.is_ssh:
        demands = replace(demands, ssh=ssh_demands_of(rules, observation.ssh))
    elif observation.is_ike:
        demands = replace(demands, ike=ike_demands_of(rules, observation.ike))
    writable = {one.topic for one in kind.write(demands) if one.lines}
    topics = needed_topics(observation, rule, applicable, demands, writable)
    return Fix(kind=kind, topics=topics, demands=demands) if topics else None


def remedy(
    observation: Observation, result: RuleResult, policies: Sequence[Policy]
) -> Remediation | None:
    """The configuration lines of the fix, if there is one."""
    fix = fix_of(observation, result, policies)
    return None if fix is None else lines_of(fix)


def remedy_for(
    kind: ServerKind,
    topics: Sequence[Topic],
    policies: Sequence[Policy],
    target: Target | None = None,
) -> Remediation | None:
    """The configuration that a server of ``kind`` needs on ``topics`` to meet all ``policies``.

    Redirects use the ports of ``target``, or the usual ones.
    """
    demands = _demands(kind, policies, target)
    return (
        None if demands is None else lines_of(Fix(kind=kind, topics=tuple(topics), demands=demands))
    )


def _demands(kind: ServerKind, policies: Sequence[Policy], target: Target | None) -> Demands | None:
    demands = demands_of(policies)
    demands = None if demands is None else _spoken(demands, kind)
    if demands is None or target is None:
        return demands
    return replace(
        demands,
        http_port=http_port_of(target) or demands.http_port,
        https_port=target.port,
        resource=resource_of(target, kind.arns),
    )


def _spoken(demands: Demands, kind: ServerKind) -> Demands | None:
    """The demands without versions that the kind does not speak; None if none is left."""
    if demands.newest <= kind.newest:
        return demands
    versions = tuple(one for one in demands.versions if one <= kind.newest)
    return replace(demands, versions=versions, tls13_suites=()) if versions else None


def lines_of(fix: Fix) -> Remediation | None:
    """The configuration lines of a fix, each setting once; None if the kind of server has none for its topics."""
    # One setting may be about several topics: it is listed once.
    kind = fix.kind
    blocks: dict[str, dict[tuple[str, ...], None]] = {}
    for one in kind.write(fix.demands):
        if one.topic in fix.topics and one.lines:
            blocks.setdefault(one.place, {})[one.lines] = None
    if not blocks:
        return None
    if len(blocks) == 1:
        ((place, block),) = blocks.items()
        return Remediation(server=kind.name, place=place, lines=_flat(block))
    lines = [line for place, block in blocks.items() for line in (f"# {place}:", *_flat(block))]
    return Remediation(
        server=kind.name, place="each line in the place named above it", lines=tuple(lines)
    )


def _flat(blocks: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(line for block in blocks for line in block)


def holding(policies: Sequence[Policy], target: Target) -> tuple[Policy, ...]:
    """The policies that apply to ``target``."""
    return tuple(policy for policy in policies if policy.applies_to(target))


def _rule(result: RuleResult, policies: Sequence[Policy]) -> PolicyRule | None:
    for policy in policies:
        if policy.name == result.policy:
            return policy.rule(result.rule)
    return None


def _of_banner(banner: str) -> ServerKind | None:
    text = banner.casefold()
    return next((kind for kind in SERVERS if text.startswith(kind.banners)), None)
