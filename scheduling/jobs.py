"""What the scheduler plans: its settings, the entries of its agenda, and what it keeps of each target."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

from model.endpoint_state import Schedule, Visit
from model.observation import Observation
from model.target import Endpoint, Target
from scheduling.interval import IntervalPolicy
from scheduling.resolve import Resolution

Visiting: TypeAlias = Callable[[Endpoint, Observation | None], Awaitable[Observation]]
"""Visits an endpoint, and only verifies what is known where there is anything known.

May raise NotVisitedError.
"""

Judging: TypeAlias = Callable[[Observation, Schedule], Awaitable[Visit]]
"""Makes the Visit of what was learned, once: with what the policies in force say of it."""


async def unjudged(observation: Observation, schedule: Schedule) -> Visit:
    """The Visit where there are no policies."""
    return Visit(observation=observation, schedule=schedule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Probing:
    """What a scheduler has others do: resolve names, visit endpoints, and judge what a visit learned.

    ``resolve`` may raise NotVisitedError.
    """

    visit: Visiting
    resolve: Callable[[Target], Awaitable[Resolution]]
    judge: Judging = unjudged


@dataclass(frozen=True, slots=True)
class LookUp:
    """The agenda's entry for a target."""

    target_key: str


@dataclass(frozen=True, slots=True)
class VisitJob:
    """The agenda's entry for an endpoint."""

    endpoint_key: str

    @property
    def target_key(self) -> str:
        """The key of the endpoint's target."""
        return self.endpoint_key.rpartition("@")[0]


Job: TypeAlias = LookUp | VisitJob


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerSettings:
    """How often and how much; times in seconds.

    Of the ``paces``, the first that holds for a target's labels is its own; the last is for all others.
    A visit that lasts longer than ``overtime_seconds``, mostly a wait for a silent server, no longer
    counts among the ``visits_at_once``, so that the others need not wait with it; ``most_in_overtime``
    bounds such visits. Of many that come together at least ``least_admitted_per_second`` are begun, and of a
    large fleet twice as many as it has visits per second anyway. The first failed visit, or look-up, is
    repeated after ``early_retry_seconds``, and only what fails then is a failure; without
    ``repeats_failed_visits`` whoever makes the visits has repeated them. With
    ``enumerates_at_start`` all that was planned before a restart is asked everything with its next visit.
    """

    paces: tuple[IntervalPolicy, ...] = (IntervalPolicy(),)
    visits_at_once: int = 64
    least_admitted_per_second: float = 5.0
    early_retry_seconds: float = 10.0
    repeats_failed_visits: bool = True
    enumerates_at_start: bool = True
    overtime_seconds: float = 3.0
    most_in_overtime: int = 512
    stop_grace_seconds: float = 10.0

    def pace_of(self, target: Target) -> IntervalPolicy:
        """The pace that the target's labels choose."""
        return self.paces[self._pace_number(target)]

    def group_of(self, job: Job, target: Target) -> str:
        """Whom it takes turns with: look-ups, or visits, of targets of one source that have one pace."""
        number = self._pace_number(target)
        kind = "look-ups" if isinstance(job, LookUp) else "visits"
        return sys.intern(f"{kind} {number} {target.source}")

    def admitted_per_second(self, targets: int) -> float:
        """How many of those that come together are begun in a second, with so many targets."""
        return max(self.least_admitted_per_second, 2 * targets / self.paces[-1].interval_seconds)

    def _pace_number(self, target: Target) -> int:
        holding = (n for n, one in enumerate(self.paces) if one.holds_for(target.labels))
        return next(holding, len(self.paces) - 1)


class Rank(IntEnum):
    """Who goes first of those that are due."""

    NEW = 0
    KNOWN = 1
    FAILING = 2


@dataclass(slots=True)
class Tracked:
    """A target of the inventory, and its endpoints by key."""

    target: Target
    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    unresolved_key: str | None = None
    departed: tuple[str, ...] = ()
    """Endpoints whose address the name has no more, the newest last."""
