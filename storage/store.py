"""SqlStore: the Archive on a relational database, SQLite by default.

``record`` returns once a visit is committed; visits that arrive together share a transaction.
Reads go beside the writer, each on one state of the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from types import TracebackType

from sqlalchemy.ext.asyncio import AsyncConnection

from model.change import Change
from model.findings.alert import Alert
from model.findings.finding import Assessment, Finding, Waiver
from model.observation import Observation
from model.ports import Schedule
from model.query import EVERYWHERE, Page, PageEnd, Period, Selection, ServiceEvent
from model.snapshot import EndpointStatus, Snapshot
from storage import waivers_and_events
from storage.database import Database, connect
from storage.errors import (
    DRIVER_ERRORS,
    AnotherVersionError,
    StoreError,
    VisitRefusedError,
    explain,
    is_environmental,
)
from storage.last_visits import LastVisit, read_last_visits
from storage.migrate import check_revision, migrate
from storage.reading import observations as of_observations
from storage.reading.findings import read_findings, read_resolved_findings
from storage.reading.history import read_changes, read_history
from storage.reading.pages import read_page
from storage.reading.past import read_snapshot_at
from storage.reading.statuses import StatusReader
from storage.retention import Pruned, Retention, prune
from storage.writer import BatchWriter, WriterClosedError
from storage.writing.batch import write_visits
from storage.writing.daily_limit import BYTES_PER_DAY, Dropped
from storage.writing.visit import Visit


class SqlStore:
    """Fulfils ``model.ports.Archive``; made by ``open``, and an async context manager that closes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._statuses = StatusReader()
        self._bytes_per_day = BYTES_PER_DAY
        self._on_dropped: Callable[[Dropped], None] = _ignore
        self._writer = BatchWriter(self._write, is_hopeless=_is_hopeless)

    @classmethod
    async def open(
        cls, url: str, *, busy_timeout_seconds: float = 5.0, must_exist: bool = False
    ) -> SqlStore:
        """Open the database at ``url``, making or upgrading its tables.

        Args:
            url: such as ``sqlite:///tlsprobe.db``, or ``sqlite:////var/lib/x.db`` from the root.
            busy_timeout_seconds: how long to wait for a lock that another process holds.
            must_exist: to take a database as it is, and refuse one that is missing or of another
                version, as those do who only read.

        Raises:
            StoreError: where that cannot be, and what to do about it.
        """
        database = connect(url, busy_timeout_seconds)
        try:
            revision = await asyncio.to_thread(check_revision if must_exist else migrate, database)
            database.remember(revision)
        except DRIVER_ERRORS as error:
            await database.close()
            raise explain(error, database.name) from error
        except BaseException:
            await database.close()
            raise
        return cls(database)

    @property
    def readers_besides_owner(self) -> str | None:
        """The database file's mode in octal where others than its owner may read it; else None."""
        return self._database.readers_besides_owner

    async def __aenter__(self) -> SqlStore:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Commit what ``record`` was given, then close the database; may be called again."""
        try:
            await self._writer.close()
        finally:
            await self._database.close()

    def limit_endpoints(self, bytes_per_day: int, on_dropped: Callable[[Dropped], None]) -> None:
        """Store at most so much for one endpoint in a day; ``on_dropped`` is called for each visit beyond it."""
        self._bytes_per_day, self._on_dropped = bytes_per_day, on_dropped

    async def record(
        self, observation: Observation, schedule: Schedule, assessment: Assessment | None = None
    ) -> None:
        """Keep a visit's Observation, the endpoint's next due time, and what policies make of it.

        Without an ``assessment`` the endpoint's Findings stay as they are. A cancelled caller leaves it
        open whether the visit is waivers_and_events.

        Raises:
            StoreError: where it could not be kept; a later call may succeed, but for a
                VisitRefusedError.
            ValueError: where ``schedule`` or ``assessment`` is another endpoint's.
        """
        visit = Visit.of(observation, schedule, assessment)
        try:
            await self._writer.submit(visit)
        except WriterClosedError:
            raise StoreError(
                f"the store on {self._database.name} is closed and keeps nothing more: "
                "open it again"
            ) from None
        except AnotherVersionError as error:
            raise AnotherVersionError(str(error)) from error
        except Exception as error:
            # One error may be told to many: each gets an exception of its own.
            kind = StoreError if _is_hopeless(error) else VisitRefusedError
            raise kind(str(explain(error, self._database.name))) from error

    async def schedules(self) -> Sequence[Schedule]:
        """The due time of every endpoint that has been visited, the soonest first.

        Raises:
            StoreError: where the database cannot be read.
        """
        async with self._reading() as connection:
            return await of_observations.read_schedules(connection)

    async def statuses(self) -> Sequence[EndpointStatus]:
        """The newest status of every endpoint ever visited, ordered by endpoint key.

        The facts, without their evidence, are of the visit that first learnt them; time, cost, mode
        and reason are the newest visit's. Certificates come without their DER.

        Raises:
            StoreError: where the database cannot be read.
        """
        async with self._reading() as connection:
            return await self._statuses.read(connection)

    async def page(
        self, selection: Selection = EVERYWHERE, *, limit: int = 50, after: PageEnd | None = None
    ) -> Page:
        """At most ``limit`` endpoints with certificates, those first whose own ends first.

        ``after`` is the end of the page before.

        Raises:
            StoreError: where the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_page(connection, selection, limit, after)

    async def statuses_of(self, endpoint_keys: Collection[str]) -> Sequence[EndpointStatus]:
        """As ``statuses``, of those of the endpoints that have been visited, in any order.

        Raises:
            StoreError: where the database cannot be read.
        """
        async with self._reading() as connection:
            selection = Selection(keys=frozenset(endpoint_keys))
            return await self._statuses.read_some(connection, selection)

    async def last_visits(self, endpoint_keys: Collection[str]) -> Mapping[str, LastVisit]:
        """When each of the endpoints that have been visited was so last, and is due, by its key.

        Raises:
            StoreError: where the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_last_visits(connection, endpoint_keys)

    async def latest(self, endpoint_key: str) -> Observation | None:
        """The endpoint's newest facts, with evidence and DER; None for a key that was never visited.

        Raises:
            StoreError: where the database cannot be read.
        """
        async with self._reading() as connection:
            return await of_observations.read_latest(connection, endpoint_key)

    async def observations(self, endpoint_key: str, limit: int = 100) -> Sequence[Observation]:
        """An endpoint's history, newest first: each Observation whose facts differ from the last.

        Each is the visit that first learnt its facts, whenever that was; none for a key that was
        never visited.

        Raises:
            StoreError: where the database cannot be read.
        """
        async with self._reading() as connection:
            return await of_observations.read_observations(connection, endpoint_key, limit)

    async def certificate(self, sha256: str) -> bytes | None:
        """The raw DER of the certificate with this hash in lower-case hex, or None.

        Raises:
            StoreError: where the database cannot be read.
        """
        async with self._reading() as connection:
            return await of_observations.read_certificate(connection, sha256)

    async def findings(
        self, selection: Selection = EVERYWHERE, *, with_resolved: bool = False
    ) -> Sequence[Finding]:
        """The Findings with their evidence, ordered by endpoint, policy and rule; none is waived here.

        Raises:
            StoreError: where the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_findings(connection, selection, with_resolved=with_resolved)

    async def resolved_findings(self) -> Mapping[str, Sequence[Finding]]:
        """Every opening that was resolved by endpoint key, the older ones of a Finding first, without evidence.

        Raises:
            StoreError: where the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_resolved_findings(connection, EVERYWHERE)

    async def changes(
        self,
        selection: Selection = EVERYWHERE,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 1000,
    ) -> Sequence[Change]:
        """The newest ``limit`` Changes from ``since`` to before ``until``, the newest first.

        Raises:
            StoreError: where the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_changes(connection, selection, since, until, limit)

    async def history(self, selection: Selection, limit: int = 1000) -> Sequence[Period]:
        """The newest ``limit`` Stretches of the endpoints, the newest first.

        Raises:
            StoreError: where the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_history(connection, selection, limit)

    async def snapshot_at(self, moment: datetime, selection: Selection = EVERYWHERE) -> Snapshot:
        """The endpoints as they were known at ``moment``, with their Findings and compliance.

        Raises:
            StoreError: where the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_snapshot_at(connection, moment, selection)

    async def waivers(self) -> Sequence[Waiver]:
        """The waivers that were put here, by name, expired ones too.

        Raises:
            StoreError: where the database cannot be read.
        """
        async with self._reading() as connection:
            return await waivers_and_events.read_waivers(connection)

    async def put_waiver(self, waiver: Waiver) -> None:
        """Keep ``waiver`` in place of any of the same name; durable on return.

        Raises:
            StoreError: where it could not be waivers_and_events.
        """
        async with self._writing() as connection:
            await waivers_and_events.put_waiver(connection, waiver)

    async def remove_waiver(self, name: str) -> bool:
        """Forget a waiver; whether there was one.

        Raises:
            StoreError: where the database cannot be written.
        """
        async with self._writing() as connection:
            return await waivers_and_events.remove_waiver(connection, name)

    async def note(self, event: ServiceEvent) -> None:
        """Keep what befell the service; durable on return.

        Raises:
            StoreError: where it could not be waivers_and_events.
        """
        async with self._writing() as connection:
            await waivers_and_events.add_event(connection, event)

    async def events(self, since: datetime | None = None) -> Sequence[ServiceEvent]:
        """What befell the service, the newest first.

        Raises:
            StoreError: where the database cannot be read.
        """
        async with self._reading() as connection:
            return await waivers_and_events.read_events(connection, since)

    async def prune(
        self,
        retention: Retention,
        now: datetime,
        running: timedelta = timedelta(),
        *,
        is_clock_right: bool = False,
    ) -> Pruned:
        """Delete what ``retention`` keeps no longer at ``now``, as far as that is a believable time.

        ``running`` is how long this process has run since it last deleted, or since it began;
        ``is_clock_right`` that a person has confirmed the clock. See ``storage.retention_clock``.

        Raises:
            StoreError: where the database cannot be written; what is done by then stays done.
        """
        try:
            return await prune(
                self._database, retention, now, running, is_clock_right=is_clock_right
            )
        except DRIVER_ERRORS as error:
            raise explain(error, self._database.name) from error

    async def told(self, notifier: str) -> Sequence[Alert]:
        """The notices that ``notifier`` has told and that have not ended, in any order.

        Raises:
            StoreError: where the database cannot be read.
        """
        async with self._reading() as connection:
            return await waivers_and_events.read_told(connection, notifier)

    async def put_told(
        self, notifier: str, told: Sequence[Alert], ended: Collection[str] = ()
    ) -> None:
        """Keep what ``notifier`` has told, in place of what had the same keys, and forget ``ended`` keys.

        Raises:
            StoreError: where it could not be waivers_and_events.
        """
        async with self._writing() as connection:
            await waivers_and_events.put_told(connection, notifier, told, ended)

    async def healthy(self) -> bool:
        """Whether the newest visit could be kept and the database can be read now."""
        if self._writer.last_error is not None:
            return False
        try:
            await self._database.check_revision()
        except StoreError:
            return False
        return True

    async def check_version(self) -> None:
        """Look whether this version may still use the database.

        Raises:
            AnotherVersionError: where another one has upgraded the tables, so that this one must end.
            StoreError: where the database cannot be read.
        """
        await self._database.check_revision()

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._database.reading() as connection:
                yield connection
        except ValueError as error:
            raise StoreError(
                f"the database {self._database.name} holds what this version cannot read ({error}): "
                "restore it from a backup, or name another"
            ) from error

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._database.writing() as connection:
                yield connection
        except DRIVER_ERRORS as error:
            raise explain(error, self._database.name) from error

    async def _write(self, visits: Sequence[Visit]) -> None:
        async with self._database.writing() as connection:
            dropped = await write_visits(connection, visits, self._bytes_per_day)
        for one in dropped:
            self._on_dropped(one)


def _ignore(_dropped: Dropped) -> None:
    """An event says it too."""


def _is_hopeless(error: Exception) -> bool:
    return isinstance(error, StoreError) or is_environmental(error)
