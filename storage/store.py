"""SqlStore: the Archive on a relational database, SQLite by default.

``record`` returns once a visit is committed; visits that arrive together share a transaction.
``storage.reader`` does the reading.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from model.claims.resource_claim import ResourceClaim
from model.comparisons.attribution import Attribution, TrailEvent
from model.endpoint_state import Advanced, Schedule, Visit
from model.findings.alert import Alert
from model.findings.finding import Assessment, Waiver
from model.observation import Observation
from model.ports import TargetChange
from model.query import AuditEntry, ServiceEvent
from model.records.fleet_count import FleetCount
from model.records.probe_record import ProbeResult
from model.tracing import span
from storage.database import WritableDatabase, connect
from storage.errors import (
    DRIVER_ERRORS,
    AnotherVersionError,
    StoreError,
    VisitRefusedError,
    explain,
    is_environmental,
)
from storage.migrate import migrate
from storage.reader import SqlReader, opened
from storage.retention import Pruned, Retention, prune
from storage.rows.probes import encode_results
from storage.writer import BatchWriter, WriterClosedError
from storage.writing.attributions import put_attributions, put_trail_events
from storage.writing.batch import write_visits
from storage.writing.daily_limit import BYTES_PER_DAY, Dropped
from storage.writing.records.api_targets import change_api_target
from storage.writing.records.audit import add_audit_entry
from storage.writing.records.fleet_days import put_fleet_count
from storage.writing.records.probes import add_probe, remove_probe
from storage.writing.records.resource_claims import put_resource_claims
from storage.writing.records.waivers_and_events import (
    add_event,
    put_reported_alerts,
    put_waiver,
    remove_waiver,
)


@dataclass(slots=True)
class _Entry:
    """A visit that waits to be written; ``done`` is set once it is."""

    visit: Visit
    done: Advanced | None = None

    @property
    def advanced(self) -> Advanced:
        """The result of the visit, once it is written."""
        if self.done is None:
            raise ValueError(f"the visit to {self.visit.key} is not written")
        return self.done


class SqlStore(SqlReader):
    """Implements ``model.ports.Archive``; use ``open``; an async context manager that closes it."""

    def __init__(self, database: WritableDatabase) -> None:
        super().__init__(database)
        self._writable = database
        self._bytes_per_day = BYTES_PER_DAY
        self._on_dropped: Callable[[Dropped], None] = _ignore
        self._writer = BatchWriter(self._write, is_hopeless=_is_hopeless)

    @classmethod
    async def open(cls, url: str, *, busy_timeout_seconds: float = 5.0) -> SqlStore:
        """Open the database at ``url``, creating or upgrading its tables.

        Args:
            url: such as ``sqlite:///tlsprobe.db``, or ``sqlite:////var/lib/x.db`` for an absolute path.
            busy_timeout_seconds: how long to wait for a lock that another process holds.

        Raises:
            StoreError: if that fails; the message says what to do.
        """
        return cls(await opened(connect(url, busy_timeout_seconds), migrate))

    @property
    def readers_besides_owner(self) -> str | None:
        """The database file's mode in octal if others than its owner may read it; else None."""
        return self._writable.readers_besides_owner

    async def close(self) -> None:
        """Commit everything passed to ``record``, then close the database; may be called again."""
        try:
            await self._writer.close()
        finally:
            await super().close()

    def limit_endpoints(self, bytes_per_day: int, on_dropped: Callable[[Dropped], None]) -> None:
        """Limit how much is stored for one endpoint in a day; ``on_dropped`` is called for each visit beyond it."""
        self._bytes_per_day, self._on_dropped = bytes_per_day, on_dropped

    async def record(
        self, observation: Observation, schedule: Schedule, assessment: Assessment | None = None
    ) -> None:
        """Store a visit that is given in parts: see ``record_visit``.

        Raises:
            StoreError: if it could not be stored; a later call may succeed, unless this is a
            VisitRefusedError.
            ValueError: if ``schedule`` or ``assessment`` is another endpoint's.
        """
        await self.record_visit(
            Visit(observation=observation, schedule=schedule, assessment=assessment)
        )

    async def record_visit(self, visit: Visit) -> Advanced:
        """Store the results of a visit, the policies' judgement and the endpoint's due time; durable on return.

        Returns what the visit did, based on the stored visits. Its state has stretches and Findings only if the
        visit changed them. If the caller is cancelled, the visit may or may not be stored.

        Raises:
            StoreError: if it could not be stored; a later call may succeed, unless this is a
            VisitRefusedError.
        """
        entry = _Entry(visit)
        try:
            with span("store", endpoint=visit.key):
                await self._writer.submit(entry)
        except WriterClosedError:
            raise StoreError(
                f"the store on {self._database.name} is closed and stores nothing more: "
                "open it again"
            ) from None
        except AnotherVersionError as error:
            raise AnotherVersionError(str(error)) from error
        except Exception as error:
            # One error may reach many callers: each gets its own exception.
            kind = StoreError if _is_hopeless(error) else VisitRefusedError
            raise kind(str(explain(error, self._database.name))) from error
        return entry.advanced

    async def put_waiver(self, waiver: Waiver, entry: AuditEntry | None = None) -> None:
        """Store ``waiver`` in place of any of the same name, with its ``entry`` of the audit log; durable on return.

        Raises:
            StoreError: if they could not be stored; then neither is.
        """
        async with self._writing() as connection:
            await put_waiver(connection, waiver)
            if entry is not None:
                await add_audit_entry(connection, entry)

    async def remove_waiver(self, name: str, entry: AuditEntry | None = None) -> bool:
        """Delete a waiver, and store the ``entry`` of the audit log if there was one; returns whether there was.

        Raises:
            StoreError: if the database cannot be written.
        """
        async with self._writing() as connection:
            was_there = await remove_waiver(connection, name)
            if was_there and entry is not None:
                await add_audit_entry(connection, entry)
            return was_there

    async def change_api_target(self, key: str, change: TargetChange) -> None:
        """Store what ``change`` makes of the API's target with this key, with the entry of the audit log.

        What ``change`` raises is raised, and nothing is stored.

        Raises:
            StoreError: if they could not be stored; then neither is.
        """
        async with self._writing() as connection:
            await change_api_target(connection, key, change)

    async def put_probe(self, result: ProbeResult) -> None:
        """Store a requested probe that has ended, in place of the oldest if there are many; durable on return.

        Raises:
            ResultTooLargeError: if it is larger than what is stored for one probe.
            StoreError: if it could not be stored.
        """
        results = await asyncio.to_thread(encode_results, result.observations)
        async with self._writing() as connection:
            await add_probe(connection, result.record, results)

    async def remove_probe(self, probe_id: str) -> bool:
        """Delete a requested probe; returns whether it was stored.

        Raises:
            StoreError: if the database cannot be written.
        """
        async with self._writing() as connection:
            return await remove_probe(connection, probe_id)

    async def put_fleet_count(self, count: FleetCount) -> None:
        """Store the count of the fleet in place of an earlier one of its day; durable on return.

        Raises:
            StoreError: if it could not be stored.
        """
        async with self._writing() as connection:
            await put_fleet_count(connection, count)

    async def audit(self, entry: AuditEntry) -> None:
        """Store an entry of the audit log; durable on return.

        Raises:
            StoreError: if it could not be stored.
        """
        async with self._writing() as connection:
            await add_audit_entry(connection, entry)

    async def note(self, event: ServiceEvent) -> None:
        """Store a service event; durable on return.

        Raises:
            StoreError: if it could not be stored.
        """
        async with self._writing() as connection:
            await add_event(connection, event)

    async def prune(
        self,
        retention: Retention,
        now: datetime,
        running: timedelta = timedelta(),
        *,
        is_clock_right: bool = False,
    ) -> Pruned:
        """Delete data whose ``retention`` has ended at ``now``, as far as that is a believable time.

        ``running`` is how long this process has run since its last deletion, or since its start;
        ``is_clock_right`` means that a person has confirmed the clock. See ``storage.retention_clock``.

        Raises:
            StoreError: if the database cannot be written; what was deleted by then remains deleted.
        """
        try:
            return await prune(
                self._writable, retention, now, running, is_clock_right=is_clock_right
            )
        except DRIVER_ERRORS as error:
            raise explain(error, self._database.name) from error

    async def put_reported_alerts(
        self, notifier: str, reported: Sequence[Alert], ended: Collection[str] = ()
    ) -> None:
        """Store what ``notifier`` has reported, replacing alerts with the same keys, and delete ``ended`` keys.

        Raises:
            StoreError: if it could not be stored.
        """
        async with self._writing() as connection:
            await put_reported_alerts(connection, notifier, reported, ended)

    async def put_attributions(self, found: Mapping[int, Attribution]) -> None:
        """Store who caused Changes, by the identifiers that ``unattributed`` gave; durable on return.

        Raises:
            StoreError: if they could not be stored.
        """
        async with self._writing() as connection:
            await put_attributions(connection, found)

    async def put_trail_events(self, events: Sequence[TrailEvent], *, most: int) -> None:
        """Store what an audit trail reported, each event once, and at most ``most`` rows; durable on return.

        Raises:
            StoreError: if they could not be stored; then none is.
        """
        async with self._writing() as connection:
            await put_trail_events(connection, events, most)

    async def put_resource_claims(self, claims: Iterable[ResourceClaim]) -> None:
        """Store the claims about resources that no target has now, and delete all others; durable on return.

        Nothing is written if they are stored already.

        Raises:
            StoreError: if they could not be stored; then the stored ones remain.
        """
        found = {one.claim.key: one for one in claims}
        stored = {one.claim.key: one for one in await self.resource_claims()}
        if found != stored:
            async with self._writing() as connection:
                await put_resource_claims(connection, found, stored)

    async def healthy(self) -> bool:
        """Whether the newest visit could be stored and the database can be read now."""
        if self._writer.last_error is not None:
            return False
        try:
            await self._database.check_revision()
        except StoreError:
            return False
        return True

    async def check_version(self) -> None:
        """Check that this version may still use the database.

        Raises:
            AnotherVersionError: if another version has upgraded the tables, so this process must end.
            StoreError: if the database cannot be read.
        """
        await self._database.check_revision()

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._writable.writing() as connection:
                yield connection
        except DRIVER_ERRORS as error:
            raise explain(error, self._database.name) from error

    async def _write(self, entries: Sequence[_Entry]) -> None:
        visits = [entry.visit for entry in entries]
        async with self._writable.writing() as connection:
            written = await write_visits(connection, visits, self._bytes_per_day)
        for entry, advanced in zip(entries, written.advanced, strict=True):
            entry.done = advanced
        for one in written.dropped:
            self._on_dropped(one)


def _ignore(_dropped: Dropped) -> None:
    """The default for ``on_dropped``; an event reports the drop anyway."""


def _is_hopeless(error: Exception) -> bool:
    return isinstance(error, StoreError) or is_environmental(error)
