"""What a visit has learned so far, in a phrase for a user who waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from probe.budget import VisitBudget
from probe.checks.visit_facts import VisitFacts

Say: TypeAlias = Callable[[str], None]


def say_nothing(_: str) -> None:
    """No user waits."""


def with_facts(say: Say, budget: VisitBudget, facts: VisitFacts) -> Say:
    """What says a phrase, the current question, with the connections used and the facts known by then."""
    if say is say_nothing:
        return say
    return lambda phrase: say(", ".join((phrase, *_known(budget, facts))))


def _known(budget: VisitBudget, facts: VisitFacts) -> Iterator[str]:
    if budget.connections:
        yield f"{budget.connections} connection{'' if budget.connections == 1 else 's'}"
    yield from (version.display_name for version in sorted(facts.spoken, reverse=True))
    suites = {name for found in facts.cipher_suites.values() for name in found.accepted}
    if suites:
        yield f"{len(suites)} suite{'' if len(suites) == 1 else 's'}"
