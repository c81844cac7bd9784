"""The jobs of the scheduler, its settings, and its state for each target."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol, TypeAlias

from model.endpoint_state import Schedule, Visit
from model.frozen import frozen
from model.observation import Observation
from model.target import Endpoint, Target
from model.verification.remembered import Known, Remembered
from scheduling.interval import IntervalPolicy
from scheduling.resolve import Resolution

Visiting: TypeAlias = Callable[[Endpoint, Known | None], Awaitable[Observation]]
"""Visits an endpoint; only verifies the known facts if there are any.

May raise NotVisitedError.
"""

Recalling: TypeAlias = Callable[[Endpoint], Remembered | None]
"""What this process remembers of an endpoint, if that can be verified now."""


class Judging(Protocol):
    """Makes the Visit of what was learned, once: with what the policies in force say of it."""

    async def __call__(
        self, observation: Observation, schedule: Schedule, verified_digest: str | None = None
    ) -> Visit:
        """The Visit; ``verified_digest`` is as in ``Visit``."""
        ...


async def unjudged(
    observation: Observation, schedule: Schedule, verified_digest: str | None = None
) -> Visit:
    """The Visit where there are no policies."""
    return Visit(observation=observation, schedule=schedule, verified_digest=verified_digest)


def no_memory(_: Endpoint) -> None:
    """Where nothing is remembered: known facts come from the Store."""
    return


@frozen
class Probing:
    """What a scheduler has others do: resolve names, visit endpoints, and judge what a visit learned.

    ``resolve`` may raise NotVisitedError.
    """

    visit: Visiting
    resolve: Callable[[Target], Awaitable[Resolution]]
    judge: Judging = unjudged
    recall: Recalling = no_memory


@dataclass(frozen=True, slots=True)
class LookUp:
    """The job of resolving a target's name."""

    target_key: str


@dataclass(frozen=True, slots=True)
class VisitJob:
    """The job of visiting an endpoint."""

    endpoint_key: str

    @property
    def target_key(self) -> str:
        """The key of the endpoint's target."""
        return self.endpoint_key.rpartition("@")[0]


Job: TypeAlias = LookUp | VisitJob


@frozen
class SchedulerSettings:
    """How often to visit, and how many endpoints at once; times in seconds.

    The first of the ``paces`` that matches a target's labels applies; the last matches all targets. A visit that
    takes longer than ``overtime_seconds``, mostly because of a silent server, no longer counts in
    ``max_concurrent_probes``, so that the others need not wait; ``most_in_overtime`` limits such visits. When many fall due at
    once, at least ``least_admitted_per_second`` start per second; a large fleet may start twice its steady rate. The
    first failed visit or lookup is repeated after ``early_retry_seconds``, and counts as a failure only if it
    fails again; without ``repeats_failed_visits`` the visiting code has already repeated it. With
    ``enumerates_at_start`` the first visit after a restart enumerates.
    """

    paces: tuple[IntervalPolicy, ...] = (IntervalPolicy(),)
    max_concurrent_probes: int = 64
    least_admitted_per_second: float = 5.0
    early_retry_seconds: float = 10.0
    repeats_failed_visits: bool = True
    enumerates_at_start: bool = True
    overtime_seconds: float = 3.0
    most_in_overtime: int = 512
    stop_grace_seconds: float = 10.0

    def pace_of(self, target: Target) -> IntervalPolicy:
        """The policy that the target's labels select."""
        return self.paces[self._pace_number(target)]

    def group_of(self, job: Job, target: Target) -> str:
        """The group that takes turns with others: lookups or visits of targets with the same source and policy."""
        number = self._pace_number(target)
        kind = "look-ups" if isinstance(job, LookUp) else "visits"
        return sys.intern(f"{kind} {number} {target.source}")

    def admitted_per_second(self, targets: int) -> float:
        """The number of simultaneous newcomers that start per second, for that number of targets."""
        return max(self.least_admitted_per_second, 2 * targets / self.paces[-1].interval_seconds)

    def _pace_number(self, target: Target) -> int:
        holding = (n for n, one in enumerate(self.paces) if one.holds_for(target.labels))
        return next(holding, len(self.paces) - 1)


class Rank(IntEnum):
    """The priority among due jobs; lower values go first."""

    NEW = 0
    KNOWN = 1
    FAILING = 2
