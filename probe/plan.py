"""What the scheduler plans: its settings, the entries of its agenda, and what it keeps of each target."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypeAlias

from model.observation import Observation
from model.target import Endpoint, Target
from probe.pace import Pace

Visiting: TypeAlias = Callable[[Endpoint, Observation | None], Awaitable[Observation]]
"""Visits an endpoint, and only verifies what is known where there is anything known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulerSettings:
    """How often and how much; times in seconds.

    Of the ``paces``, the first that holds for a target's labels is its own; the last is for all others.
    A visit that lasts longer than ``overtime_seconds``, mostly a wait for a silent server, no longer
    counts among the ``visits_at_once``, so that the others need not wait with it; ``most_in_overtime``
    bounds such visits.
    """

    paces: tuple[Pace, ...] = (Pace(),)
    visits_at_once: int = 64
    overtime_seconds: float = 3.0
    most_in_overtime: int = 512
    stop_grace_seconds: float = 10.0

    def pace_of(self, target: Target) -> Pace:
        """The pace that the target's labels choose."""
        return next((one for one in self.paces if one.holds_for(target.labels)), self.paces[-1])


@dataclass(frozen=True, slots=True)
class LookUp:
    """The agenda's entry for a target."""

    target_key: str


@dataclass(frozen=True, slots=True)
class Visit:
    """The agenda's entry for an endpoint."""

    endpoint_key: str


Job: TypeAlias = LookUp | Visit


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
    failures: int = 0
    unresolved_key: str | None = None
