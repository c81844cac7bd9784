"""Reads what grows with time in pages, newest first."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from model.comparisons.change import Change
from model.query import EVERYWHERE, AuditEntry, NewestFirst, Period, RowEnd, Selection, ServiceEvent
from storage.database import Database
from storage.errors import StoreError
from storage.reading.newest_first import (
    read_newest_audit_entries,
    read_newest_changes,
    read_newest_events,
    read_newest_periods,
)


class NewestFirstReader:
    """The part of ``SqlReader`` that reads pages; ``after`` is always the end of the previous page."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest_changes(
        self,
        selection: Selection = EVERYWHERE,
        *,
        facts: Collection[str] = (),
        since: datetime | None = None,
        limit: int,
        after: RowEnd | None = None,
    ) -> NewestFirst[Change]:
        """At most ``limit`` Changes of the selection, of these facts if any are given.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_newest_changes(connection, selection, facts, since, limit, after)

    async def newest_periods(
        self, endpoint_key: str, *, limit: int, after: RowEnd | None = None
    ) -> NewestFirst[Period]:
        """At most ``limit`` Periods of the endpoint.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_newest_periods(connection, endpoint_key, limit, after)

    async def newest_events(
        self,
        kinds: Collection[str] = (),
        *,
        since: datetime | None = None,
        limit: int,
        after: RowEnd | None = None,
    ) -> NewestFirst[ServiceEvent]:
        """At most ``limit`` service events, of these kinds if any are given.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_newest_events(connection, kinds, since, limit, after)

    async def newest_audit_entries(
        self, *, since: datetime | None = None, limit: int, after: RowEnd | None = None
    ) -> NewestFirst[AuditEntry]:
        """At most ``limit`` entries of the audit log.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_newest_audit_entries(connection, since, limit, after)

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with self._database.reading() as connection:
                yield connection
        except ValueError as error:
            raise StoreError(
                f"the database {self._database.name} contains data that this version cannot read ({error}): "
                "restore it from a backup, or use another"
            ) from error
