"""The Protocols through which the layers work together without importing one another."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from model.change import Change
from model.findings.alert import Alert
from model.findings.finding import Assessment, Finding, Waiver
from model.observation import Observation
from model.query import EVERYWHERE, Page, PageEnd, Period, Selection, ServiceEvent
from model.snapshot import EndpointStatus, Snapshot


class Clock(Protocol):
    """Time, injected so that tests can control it."""

    def now(self) -> datetime:
        """The current wall-clock time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When one endpoint is due next; survives restarts through the Store.

    ``enumerated_at`` is when the last full enumeration ran, None if there was none.
    """

    endpoint_key: str
    due_at: datetime
    interval_seconds: float
    consecutive_failures: int
    enumerated_at: datetime | None = None


class UnkeepableError(Exception):
    """A visit that can never be stored, because of the visit itself and not of the database."""


class StoreReader(Protocol):
    """The storage interface that the scheduler reads before it visits."""

    async def schedules(self) -> Sequence[Schedule]:
        """The due time of every endpoint that has been visited."""
        ...

    async def latest(self, endpoint_key: str) -> Observation | None:
        """The endpoint's newest facts with their evidence and certificates; None if there are none."""
        ...

    async def statuses(self) -> Sequence[EndpointStatus]:
        """The newest status of every endpoint ever visited, ordered by endpoint key."""
        ...


class Store(StoreReader, Protocol):
    """The storage interface of the scheduler."""

    async def record(self, observation: Observation, schedule: Schedule) -> None:
        """Store a visit's Observation and the endpoint's next due time.

        On return both are durable: a killed process loses neither. Raises UnkeepableError if a retry cannot
        succeed.
        """
        ...


class ArchiveReader(StoreReader, Protocol):
    """The storage interface of reports and read-only commands: no method writes."""

    async def findings(
        self, selection: Selection = EVERYWHERE, *, with_resolved: bool = False
    ) -> Sequence[Finding]:
        """The endpoints' Findings, ordered by endpoint, policy and rule; waivers are not applied."""
        ...

    async def waivers(self) -> Sequence[Waiver]:
        """The stored waivers by name, including expired ones."""
        ...

    async def changes(
        self,
        selection: Selection = EVERYWHERE,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 1000,
    ) -> Sequence[Change]:
        """The newest ``limit`` Changes from ``since`` to before ``until``, newest first."""
        ...

    async def history(self, selection: Selection, limit: int = 1000) -> Sequence[Period]:
        """The newest ``limit`` Periods of the endpoints, newest first."""
        ...

    async def page(
        self, selection: Selection = EVERYWHERE, *, limit: int = 50, after: PageEnd | None = None
    ) -> Page:
        """Up to ``limit`` endpoints with certificates, earliest expiry first.

        ``after`` is the end of the previous page.
        """
        ...

    async def snapshot_at(self, moment: datetime, selection: Selection = EVERYWHERE) -> Snapshot:
        """The endpoints as known at ``moment``, with their Findings and compliance."""
        ...

    async def events(self, since: datetime | None = None) -> Sequence[ServiceEvent]:
        """Events of the service, newest first."""
        ...


class Archive(Store, ArchiveReader, Protocol):
    """The storage interface of the service and its API: everything read, and what they write."""

    async def record(
        self, observation: Observation, schedule: Schedule, assessment: Assessment | None = None
    ) -> None:
        """Like ``Store.record``, with the policies' results for the Observation; durable on return.

        Without an ``assessment`` the endpoint's Findings and compliance stay unchanged.
        """
        ...

    async def put_waiver(self, waiver: Waiver) -> None:
        """Store ``waiver``, replacing one of the same name; durable on return."""
        ...

    async def remove_waiver(self, name: str) -> bool:
        """Delete a waiver; returns whether it existed."""
        ...

    async def note(self, event: ServiceEvent) -> None:
        """Store an event of the service; durable on return."""
        ...


class ReportedAlerts(Protocol):
    """The storage interface of notifiers: the alerts that each has reported, across restarts."""

    async def reported_alerts(self, notifier: str) -> Sequence[Alert]:
        """The alerts that ``notifier`` has reported and that have not ended."""
        ...

    async def put_reported_alerts(
        self, notifier: str, reported: Sequence[Alert], ended: Collection[str] = ()
    ) -> None:
        """Store the alerts that ``notifier`` sent, and delete those in ``ended``, by key; durable on return."""
        ...


class WriteMeter(Protocol):
    """Counters of the writer; called as events happen, never raises."""

    def store_write_failed(self) -> None:
        """A visit's Observation could not be stored."""
        ...


class Meter(WriteMeter, Protocol):
    """Counters of the service's own work; called as events happen, never raises."""

    def visit_finished(self, observation: Observation) -> None:
        """A visit ended, with any outcome."""
        ...

    def visit_began(self, late_seconds: float) -> None:
        """A visit began, ``late_seconds`` after it was due."""
        ...

    def visit_doubted(self, observation: Observation) -> None:
        """A visit failed and will be retried soon; it counts only if it fails again."""
        ...

    def discovery_updated(self, source: str, targets: int | None, error: str | None) -> None:
        """A discovery source was read: the number of targets, or None with the error (the last targets stay)."""
        ...

    def discovery_untrusted(self, source: str, labels: int) -> None:
        """A discovery source was read, and this number of acting labels was ignored as untrusted."""
        ...

    def discovery_expired(self, source: str) -> None:
        """A discovery source failed for so long that its targets were removed."""
        ...


class NotVisitedError(Exception):
    """The planned visit did not take place: nothing was found out, and it must be scheduled again."""
