"""The Protocols by which the layers meet without importing one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from model.observation import Observation
from model.snapshot import EndpointStatus


class Clock(Protocol):
    """Time, passed in so that tests can own it."""

    def now(self) -> datetime:
        """The current wall-clock time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When one endpoint is due next; survives restarts through the Store.

    ``enumerated_at`` is when everything was asked last, None where it never was.
    """

    endpoint_key: str
    due_at: datetime
    interval_seconds: float
    consecutive_failures: int
    enumerated_at: datetime | None = None


class Store(Protocol):
    """What the scheduler and the service ask of storage."""

    async def record(self, observation: Observation, schedule: Schedule) -> None:
        """Keep a visit's Observation and the endpoint's next due time.

        On return both are durable: a killed process loses neither.
        """
        ...

    async def schedules(self) -> Sequence[Schedule]:
        """The due time of every endpoint that has been visited."""
        ...

    async def latest(self, endpoint_key: str) -> Observation | None:
        """The endpoint's newest facts with their evidence and certificates; None where it has none."""
        ...

    async def statuses(self) -> Sequence[EndpointStatus]:
        """The newest status of every endpoint ever visited, ordered by endpoint key."""
        ...


class Meter(Protocol):
    """What the service counts of its own work; called as things happen, never raises."""

    def visit_finished(self, observation: Observation) -> None:
        """A visit ended, with whatever outcome."""
        ...

    def store_write_failed(self) -> None:
        """A visit's Observation could not be stored."""
        ...

    def discovery_updated(self, source: str, targets: int | None, error: str | None) -> None:
        """A discovery source was read: so many targets, or None with the error that kept the last."""
        ...
