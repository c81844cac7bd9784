"""Guidelines: for each service, what the policies that apply to its endpoints ask for, and how servers meet it.

The lines are those of the remedies for findings (``remedy_for``), so a guideline and a finding never disagree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from model.findings.guideline import GuidedRule, Guideline, ServerGuide
from model.target import Target
from policy.policy import Policy, PolicyRule
from policy.remediation.demands import Demands, demands_of
from policy.remediation.remediation import holding, remedy_for
from policy.remediation.services import SERVICES, Service
from policy.remediation.setting import ServerKind, Topic, topics_of


def guidelines_of(policies: Sequence[Policy], targets: Iterable[Target]) -> tuple[Guideline, ...]:
    """The guidelines of all services: one for each set of policies that applies to endpoints of ``targets``.

    A service without endpoints has the policies that apply to any endpoint of it. Without policies there are
    no guidelines.
    """
    if not policies:
        return ()
    seen = tuple(targets)
    return tuple(
        _guideline(service, chosen, count)
        for service in SERVICES
        for chosen, count in _applying(service, policies, seen)
    )


def _applying(
    service: Service, policies: Sequence[Policy], targets: Iterable[Target]
) -> Iterator[tuple[tuple[Policy, ...], int]]:
    by_name = {policy.name: policy for policy in policies}
    counts = Counter(
        tuple(policy.name for policy in _of(service, holding(policies, target)))
        for target in targets
        if target.protocol in service.protocols
    )
    if service.is_of_rules:
        del counts[()]
    for names, count in sorted(counts.items()):
        yield tuple(by_name[name] for name in names), count
    if not counts:
        general = _of(service, [one for one in policies if _may_apply(one, service)])
        if general or not service.is_optional:
            yield general, 0


def _of(service: Service, policies: Iterable[Policy]) -> tuple[Policy, ...]:
    if not service.is_of_rules:
        return tuple(policies)
    return tuple(policy for policy in policies if any(map(service.concerns, policy.rules)))


def _may_apply(policy: Policy, service: Service) -> bool:
    choice = policy.choice
    is_of_protocol = not choice.protocols or not service.protocols.isdisjoint(choice.protocols)
    return is_of_protocol and not choice.labels


def _guideline(service: Service, policies: tuple[Policy, ...], endpoints: int) -> Guideline:
    rules = [
        (policy, rule) for policy in policies for rule in policy.rules if service.concerns(rule)
    ]
    demands = demands_of(policies)
    return Guideline(
        service=service.name,
        policies=tuple(policy.name for policy in policies),
        endpoints=endpoints,
        rules=tuple(
            GuidedRule(
                policy=policy.name,
                rule=rule.name,
                settings=tuple(topic.value for topic in topics_of(rule)),
            )
            for policy, rule in rules
        ),
        servers=tuple(_servers(service, policies, [rule for _, rule in rules], demands)),
        unproved=service.unproved,
        is_contradictory=demands is None,
    )


def _servers(
    service: Service,
    policies: Sequence[Policy],
    rules: Sequence[PolicyRule],
    demands: Demands | None,
) -> Iterator[ServerGuide]:
    topics = tuple(dict.fromkeys(topic for rule in rules for topic in topics_of(rule)))
    if demands is None:
        return
    for kind in service.servers:
        found = remedy_for(kind, topics, policies)
        if found is not None:
            yield ServerGuide(remedy=found, uncovered=tuple(_uncovered(kind, rules, demands)))


def _uncovered(kind: ServerKind, rules: Iterable[PolicyRule], demands: Demands) -> Iterator[str]:
    """The names of the rules that a setting of other servers meets, and none of this kind."""
    writable = {one.topic for one in kind.write(demands) if one.lines}
    yield from dict.fromkeys(rule.name for rule in rules if _lacks_lines(rule, writable))


def _lacks_lines(rule: PolicyRule, writable: set[Topic]) -> bool:
    topics = topics_of(rule)
    return bool(topics) and writable.isdisjoint(topics)
