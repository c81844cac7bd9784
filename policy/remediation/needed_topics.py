"""The topics that a remediation must configure so that a rule is met and every rule that was met stays so.

Each choice is simulated and judged by the policies before it is offered.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from model.findings.finding import Outcome
from model.observation import Observation
from policy.datagrams import is_over_datagrams
from policy.policy import Policy, PolicyRule
from policy.remediation.demands import Demands
from policy.remediation.setting import Topic, topics_of
from policy.remediation.simulation import SIMULATED, expected
from policy.rule import Family, Subject

_Outcomes: TypeAlias = Mapping[tuple[str, str], Outcome]
"""By policy and rule."""

_JUDGED: Final = frozenset(
    {
        Family.PROTOCOLS,
        Family.CIPHER_SUITES,
        Family.GROUPS,
        Family.SIGNATURE_SCHEMES,
        Family.POST_QUANTUM,
    }
)
"""The families whose facts are simulated."""
_MET: Final = frozenset({Outcome.PASS, Outcome.NOT_APPLICABLE})


def needed_topics(
    observation: Observation,
    wanted: PolicyRule,
    policies: Sequence[Policy],
    demands: Demands,
    writable: Collection[Topic],
) -> tuple[Topic, ...] | None:
    """The topics to configure for ``wanted``; None if the settings would not meet it.

    ``writable`` are the topics that the kind of server can configure.
    """
    topics = [topic for topic in topics_of(wanted) if topic in writable]
    is_simulated = bool(topics) and set(topics) <= set(SIMULATED)
    if not is_simulated or not observation.answered or is_over_datagrams(observation):
        return tuple(topics)
    before = _outcomes(observation, policies)
    while True:
        after = _outcomes(expected(observation, demands, topics), policies)
        broken = [
            rule
            for key, rule in _judged(policies)
            if (after[key] not in _MET and before[key] in _MET)
            or (after[key] is Outcome.FAIL and rule is wanted)
        ]
        more = [topic for topic in _candidates(broken, wanted, topics) if topic in writable]
        if not more:
            is_met = wanted.rule.family not in _JUDGED or not _fails(wanted, policies, after)
            return tuple(topics) if is_met else None
        topics.append(more[0])


def _candidates(
    broken: Sequence[PolicyRule], wanted: PolicyRule, topics: Sequence[Topic]
) -> Iterator[Topic]:
    """What may repair the broken rules and is not among ``topics`` yet."""
    for rule in broken:
        repairs = SIMULATED if rule is wanted else topics_of(rule)
        yield from (topic for topic in repairs if topic in SIMULATED and topic not in topics)


def _fails(wanted: PolicyRule, policies: Sequence[Policy], outcomes: _Outcomes) -> bool:
    return any(outcomes[key] is Outcome.FAIL for key, rule in _judged(policies) if rule is wanted)


def _outcomes(observation: Observation, policies: Sequence[Policy]) -> _Outcomes:
    subject = Subject(observation=observation, at=observation.started_at)
    return {key: rule.judge(subject).outcome for key, rule in _judged(policies)}


def _judged(policies: Sequence[Policy]) -> Iterator[tuple[tuple[str, str], PolicyRule]]:
    for policy in policies:
        for rule in policy.rules:
            if rule.rule.family in _JUDGED:
                yield (policy.name, rule.name), rule
