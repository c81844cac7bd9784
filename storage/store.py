"""SqlStore: the Archive on a relational database, SQLite by default.

``record`` returns once a visit is committed; visits that arrive together share a transaction.
Reads are ``storage.reader``'s.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from model.endpoint_state import Advanced, Schedule, Visit
from model.findings.alert import Alert
from model.findings.finding import Assessment, Waiver
from model.observation import Observation
from model.query import ServiceEvent
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
from storage.writer import BatchWriter, WriterClosedError
from storage.writing.batch import write_visits
from storage.writing.daily_limit import BYTES_PER_DAY, Dropped
from storage.writing.waivers_and_events import (
    add_event,
    put_reported_alerts,
    put_waiver,
    remove_waiver,
)


@dataclass(slots=True)
class _Entry:
    """A visit that waits to be written; ``done`` once it is."""

    visit: Visit
    done: Advanced | None = None

    @property
    def advanced(self) -> Advanced:
        """What the visit did, once it is written."""
        if self.done is None:
            raise ValueError(f"the visit to {self.visit.key} is not written")
        return self.done


class SqlStore(SqlReader):
    """Fulfils ``model.ports.Archive``; made by ``open``, and an async context manager that closes."""

    def __init__(self, database: WritableDatabase) -> None:
        super().__init__(database)
        self._writable = database
        self._bytes_per_day = BYTES_PER_DAY
        self._on_dropped: Callable[[Dropped], None] = _ignore
        self._writer = BatchWriter(self._write, is_hopeless=_is_hopeless)

    @classmethod
    async def open(cls, url: str, *, busy_timeout_seconds: float = 5.0) -> SqlStore:
        """Open the database at ``url``, making or upgrading its tables.

        Args:
            url: such as ``sqlite:///tlsprobe.db``, or ``sqlite:////var/lib/x.db`` from the root.
            busy_timeout_seconds: how long to wait for a lock that another process holds.

        Raises:
            StoreError: where that cannot be, and what to do about it.
        """
        return cls(await opened(connect(url, busy_timeout_seconds), migrate))

    @property
    def readers_besides_owner(self) -> str | None:
        """The database file's mode in octal where others than its owner may read it; else None."""
        return self._writable.readers_besides_owner

    async def close(self) -> None:
        """Commit what ``record`` was given, then close the database; may be called again."""
        try:
            await self._writer.close()
        finally:
            await super().close()

    def limit_endpoints(self, bytes_per_day: int, on_dropped: Callable[[Dropped], None]) -> None:
        """Store at most so much for one endpoint in a day; ``on_dropped`` is called for each visit beyond it."""
        self._bytes_per_day, self._on_dropped = bytes_per_day, on_dropped

    async def record(
        self, observation: Observation, schedule: Schedule, assessment: Assessment | None = None
    ) -> None:
        """Store a visit that is given in its parts: see ``record_visit``.

        Raises:
            StoreError: where it could not be stored; a later call may succeed, but for a
                VisitRefusedError.
            ValueError: where ``schedule`` or ``assessment`` is another endpoint's.
        """
        await self.record_visit(
            Visit(observation=observation, schedule=schedule, assessment=assessment)
        )

    async def record_visit(self, visit: Visit) -> Advanced:
        """Store what a visit learned, what policies say of it and when the endpoint is due; durable on return.

        Gives what the visit did, by the visits that the database has. Its state has stretches and Findings only
        where the visit changed them. A cancelled caller leaves it open whether the visit is stored.

        Raises:
            StoreError: where it could not be stored; a later call may succeed, but for a
                VisitRefusedError.
        """
        entry = _Entry(visit)
        try:
            await self._writer.submit(entry)
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
        return entry.advanced

    async def put_waiver(self, waiver: Waiver) -> None:
        """Keep ``waiver`` in place of any of the same name; durable on return.

        Raises:
            StoreError: where it could not be stored.
        """
        async with self._writing() as connection:
            await put_waiver(connection, waiver)

    async def remove_waiver(self, name: str) -> bool:
        """Forget a waiver; whether there was one.

        Raises:
            StoreError: where the database cannot be written.
        """
        async with self._writing() as connection:
            return await remove_waiver(connection, name)

    async def note(self, event: ServiceEvent) -> None:
        """Keep what befell the service; durable on return.

        Raises:
            StoreError: where it could not be stored.
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
        """Delete what ``retention`` keeps no longer at ``now``, as far as that is a believable time.

        ``running`` is how long this process has run since it last deleted, or since it began;
        ``is_clock_right`` that a person has confirmed the clock. See ``storage.retention_clock``.

        Raises:
            StoreError: where the database cannot be written; what is done by then stays done.
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
        """Store what ``notifier`` has reported, in place of what had the same keys, and remove ``ended`` keys.

        Raises:
            StoreError: where it could not be stored.
        """
        async with self._writing() as connection:
            await put_reported_alerts(connection, notifier, reported, ended)

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
    """An event says it too."""


def _is_hopeless(error: Exception) -> bool:
    return isinstance(error, StoreError) or is_environmental(error)
