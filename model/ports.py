"""The Protocols through which the layers work together without importing one another."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from model.comparisons.change import Change
    from model.endpoint_state import Advanced, Schedule, Visit
    from model.findings.alert import Alert
    from model.findings.finding import Finding, Waiver
    from model.judging.quantum import QuantumHistory
    from model.observation import Observation
    from model.query import AuditEntry, Page, PageEnd, Period, Selection, ServiceEvent
    from model.records.probe_record import ProbeRecord, ProbeResult
    from model.snapshot import EndpointStatus, Snapshot
    from model.target import Target


class Clock(Protocol):
    """Time, injected so that tests can control it."""

    def now(self) -> datetime:
        """The current wall-clock time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds on a clock that never goes back."""
        ...


class UnkeepableError(Exception):
    """A visit that can never be stored, because of the visit itself and not of the database."""


class StoreReader(Protocol):
    """The storage interface that the scheduler reads before it visits."""

    async def schedules(self) -> Sequence[Schedule]:
        """The due time of every endpoint that has been visited."""
        ...

    async def latest(self, endpoint_key: str, *, answered: bool = False) -> Observation | None:
        """The endpoint's newest facts with their evidence and certificates; None if there are none.

        With ``answered``, failed visits do not count.
        """
        ...

    async def statuses(self) -> Sequence[EndpointStatus]:
        """The newest status of every endpoint ever visited, ordered by endpoint key."""
        ...


class Store(StoreReader, Protocol):
    """The storage interface of the scheduler."""

    async def record_visit(self, visit: Visit) -> Advanced | None:
        """Store what a visit found, the policy results, and when the endpoint is due next.

        On return everything is durable: a killed process loses nothing. Returns the effect of the visit on
        the stored state; None if another process stores it. Raises UnkeepableError if another attempt would
        not help.
        """
        ...


class ArchiveReader(StoreReader, Protocol):
    """The storage interface of reports and read-only commands: no method writes."""

    async def findings(
        self, selection: Selection = ..., *, with_resolved: bool = False
    ) -> Sequence[Finding]:
        """The endpoints' Findings, ordered by endpoint, policy and rule; waivers are not applied."""
        ...

    async def waivers(self) -> Sequence[Waiver]:
        """The stored waivers by name, including expired ones."""
        ...

    async def changes(
        self,
        selection: Selection = ...,
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
        self, selection: Selection = ..., *, limit: int = 50, after: PageEnd | None = None
    ) -> Page:
        """Up to ``limit`` endpoints with certificates, earliest expiry first.

        ``after`` is the end of the previous page.
        """
        ...

    async def snapshot_at(self, moment: datetime, selection: Selection = ...) -> Snapshot:
        """The endpoints as known at ``moment``, with their Findings and compliance."""
        ...

    async def proved_at(
        self, moment: datetime, endpoint_keys: Collection[str]
    ) -> Mapping[str, Observation]:
        """The facts of these endpoints as known at ``moment``, with their evidence, by key."""
        ...

    async def quantum_history(
        self, selection: Selection = ..., until: datetime | None = None
    ) -> Mapping[str, QuantumHistory]:
        """When endpoints first proved post-quantum key exchange, and lost it, up to ``until``, by key."""
        ...

    async def events(self, since: datetime | None = None) -> Sequence[ServiceEvent]:
        """Events of the service, newest first."""
        ...

    async def audit_log(
        self, *, since: datetime | None = None, until: datetime | None = None, limit: int = 1000
    ) -> Sequence[AuditEntry]:
        """The newest ``limit`` entries of the audit log from ``since`` to ``until``, newest first."""
        ...


class Archive(Store, ArchiveReader, Protocol):
    """The storage interface of the service and its API: everything read, and what they write."""

    async def put_waiver(self, waiver: Waiver, entry: AuditEntry | None = None) -> None:
        """Store ``waiver``, replacing one of the same name, with its ``entry`` of the audit log; durable on return."""
        ...

    async def remove_waiver(self, name: str, entry: AuditEntry | None = None) -> bool:
        """Delete a waiver, with its ``entry`` of the audit log; returns whether it existed."""
        ...

    async def audit(self, entry: AuditEntry) -> None:
        """Store an entry of the audit log; durable on return."""
        ...

    async def note(self, event: ServiceEvent) -> None:
        """Store an event of the service; durable on return."""
        ...


TargetChange: TypeAlias = "Callable[[Target | None], tuple[Target | None, AuditEntry]]"
"""Gets a stored target, None if there is none, and returns it as changed, None to delete it, with the entry of the
audit log; it raises to leave it as it is."""


class ApiTargets(Protocol):
    """The storage interface of the targets that clients add through the API."""

    async def api_targets(self) -> Sequence[Target]:
        """All of them, by key."""
        ...

    async def change_api_target(self, key: str, change: TargetChange) -> None:
        """Store what ``change`` makes of the one with this key; durable on return."""
        ...


class ProbeArchive(Protocol):
    """The storage interface of the probes that clients request; each method raises if the database fails."""

    async def probes(self) -> Sequence[ProbeRecord]:
        """The stored ones, newest first, without their results."""
        ...

    async def probe(self, probe_id: str) -> ProbeResult | None:
        """One of them with its results; None if it is unknown."""
        ...

    async def put_probe(self, result: ProbeResult) -> None:
        """Store one that has ended; durable on return. Raises ResultTooLargeError."""
        ...

    async def remove_probe(self, probe_id: str) -> bool:
        """Delete one; returns whether it was stored."""
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

    def visit_stored(self, visit: Visit, advanced: Advanced) -> None:
        """A visit is durable; ``advanced`` is its effect on the stored state."""
        ...

    def store_write_failed(self) -> None:
        """A visit could not be stored."""
        ...


class DiscoveryMeter(Protocol):
    """Counters of discovery; called as things happen, never raises."""

    def discovery_updated(self, source: str, targets: int | None, error: str | None) -> None:
        """A discovery source was read: the number of targets, or None with the error (the last targets stay)."""
        ...

    def discovery_untrusted(self, source: str, labels: int) -> None:
        """A discovery source was read, and this number of acting labels was ignored as untrusted."""
        ...

    def discovery_skipped(self, source: str, entries: int) -> None:
        """A discovery source was read, and this number of its entries was skipped."""
        ...

    def discovery_expired(self, source: str) -> None:
        """A discovery source failed for so long that its targets were removed."""
        ...


class Meter(WriteMeter, DiscoveryMeter, Protocol):
    """Counters of the service's own work; called as things happen, never raises."""

    def visit_finished(self, visit: Visit) -> None:
        """A visit ended, with whatever outcome; it is not stored yet."""
        ...

    def visit_began(self, late_seconds: float) -> None:
        """A visit began, ``late_seconds`` after it was due."""
        ...

    def visit_doubted(self, observation: Observation) -> None:
        """A visit failed; it will be repeated soon and counts only if it fails again."""
        ...


class NotVisitedError(Exception):
    """The planned visit did not take place: it found nothing and must be scheduled again."""
