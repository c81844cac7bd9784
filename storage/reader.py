"""SqlReader: reads the archive of a relational database, and cannot write to it.

Each answer is from one state of the database, however many statements it takes, and does not wait for writers.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self, TypeVar

from model.comparisons.attribution import Unattributed
from model.comparisons.change import Change
from model.encoding.known_parts import KnownParts
from model.endpoint_state.schedule import Schedule
from model.findings.finding import Finding
from model.judging.quantum import QuantumHistory
from model.observation import Observation
from model.query import (
    EVERYWHERE,
    ComplianceCount,
    Opening,
    Page,
    PageEnd,
    Period,
    Selection,
)
from model.snapshot import EndpointStatus, Snapshot
from storage.database import Database, connect_for_reading
from storage.errors import DRIVER_ERRORS, explain
from storage.reading import observations as of_observations
from storage.reading.attributions import read_unattributed
from storage.reading.findings import (
    read_compliance_counts,
    read_findings,
    read_openings,
    read_resolved_findings,
)
from storage.reading.history import read_changes, read_history
from storage.reading.last_visits import LastVisit, read_last_visits
from storage.reading.newer_statuses import ENDPOINTS_AT_ONCE, VisitedAt, read_newer_part
from storage.reading.pages import read_page
from storage.reading.past import read_proved_at, read_snapshot_at
from storage.reading.places import read_places
from storage.reading.quantum import read_quantum_history
from storage.reading.statuses import StatusReader
from storage.record_reader import RecordReader
from storage.revision import check_revision

Opened = TypeVar("Opened", bound=Database)


class SqlReader(RecordReader):
    """Implements ``model.ports.ArchiveReader``; use ``open_reader``; an async context manager that closes it."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._known_parts = KnownParts()
        self._statuses = StatusReader(self._known_parts)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the database; may be called again."""
        await self._database.close()

    async def schedules(self) -> Sequence[Schedule]:
        """The due time of every endpoint that has been visited, soonest first.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await of_observations.read_schedules(connection)

    async def statuses(self) -> Sequence[EndpointStatus]:
        """The newest status of every endpoint ever visited, ordered by endpoint key.

        The facts, without their evidence, are those of the first visit that learned them; time, cost, mode
        and reason are those of the newest visit. Certificates come without their DER.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await self._statuses.read(connection)

    async def page(
        self, selection: Selection = EVERYWHERE, *, limit: int = 50, after: PageEnd | None = None
    ) -> Page:
        """At most ``limit`` endpoints with certificates, ordered by the expiry of their own, earliest first.

        ``after`` is the end of the previous page.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_page(connection, selection, limit, after)

    async def statuses_of(
        self,
        endpoint_keys: Collection[str],
        shown: Callable[[str], EndpointStatus | None] | None = None,
    ) -> Sequence[EndpointStatus]:
        """As ``statuses``, for those of the endpoints that have been visited, in any order.

        ``shown`` returns what the caller still has of earlier calls: facts that have not changed are not read again.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            selection = Selection(keys=frozenset(endpoint_keys))
            return await self._statuses.read_some(connection, selection, shown)

    async def newer_statuses(
        self, visited_at: VisitedAt, *, at_once: int = ENDPOINTS_AT_ONCE
    ) -> AsyncIterator[Sequence[EndpointStatus]]:
        """As ``statuses``, in parts, each of one state, for endpoints whose newest visit is not at ``visited_at``.

        Raises:
            StoreError: if the database cannot be read.
        """
        after: int | None = 0
        known = self._known_parts
        while after is not None:
            async with self._reading() as connection:
                part = await read_newer_part(connection, after, visited_at, known, at_once)
            yield part.statuses
            after = part.last_id

    async def last_visits(self, endpoint_keys: Collection[str]) -> Mapping[str, LastVisit]:
        """When each visited endpoint of these was last visited, and when it is due, by its key.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_last_visits(connection, endpoint_keys)

    async def latest_of(self, endpoint_keys: Collection[str]) -> Mapping[str, Observation]:
        """As ``latest``, for those of the endpoints that have been visited, by key; equal facts are shared.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await of_observations.read_latest_of(
                connection, endpoint_keys, self._known_parts
            )

    async def latest(self, endpoint_key: str, *, answered: bool = False) -> Observation | None:
        """The endpoint's newest facts, with evidence and DER; None if the key was never visited.

        With ``answered``, failed visits do not count, and None means that all recent ones failed.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await of_observations.read_latest(connection, endpoint_key, answered=answered)

    async def observations(self, endpoint_key: str, limit: int = 100) -> Sequence[Observation]:
        """An endpoint's history, newest first: each Observation whose facts differ from the previous one.

        Each comes from the first visit that learned its facts, however long ago; the list is empty if the key
        was never visited.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await of_observations.read_observations(connection, endpoint_key, limit)

    async def certificate(self, sha256: str) -> bytes | None:
        """The raw DER of the certificate with this hash in lower-case hex, or None.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await of_observations.read_certificate(connection, sha256)

    async def findings(
        self, selection: Selection = EVERYWHERE, *, with_resolved: bool = False
    ) -> Sequence[Finding]:
        """The Findings with their evidence, ordered by endpoint, policy and rule; none is waived here.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_findings(connection, selection, with_resolved=with_resolved)

    async def resolved_findings(self) -> Mapping[str, Sequence[Finding]]:
        """All resolved openings by endpoint key, without evidence; older openings of a Finding come first.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_resolved_findings(connection, EVERYWHERE)

    async def openings(self, endpoint_key: str, identity: tuple[str, str]) -> Sequence[Opening]:
        """Every opening of the endpoint's Finding of this policy and rule with its evidence, newest first.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_openings(connection, endpoint_key, identity)

    async def compliance_counts(self, moments: Sequence[datetime]) -> Sequence[ComplianceCount]:
        """How many endpoints had each verdict of each policy at each of the ``moments``; one statement.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_compliance_counts(connection, moments)

    async def unattributed(
        self, since: datetime, until: datetime, *, after: int = 0, limit: int
    ) -> Sequence[Unattributed]:
        """The first ``limit`` Changes from ``since`` to before ``until`` without an attribution, by visit.

        They are those stored after the one with the identifier ``after``.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_unattributed(connection, since, until, after, limit)

    async def changes(
        self,
        selection: Selection = EVERYWHERE,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 1000,
    ) -> Sequence[Change]:
        """The newest ``limit`` Changes from ``since`` to before ``until``, newest first.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_changes(connection, selection, since, until, limit)

    async def history(self, selection: Selection, limit: int = 1000) -> Sequence[Period]:
        """The newest ``limit`` Stretches of the endpoints, newest first.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_history(connection, selection, limit)

    async def quantum_history(
        self, selection: Selection = EVERYWHERE, until: datetime | None = None
    ) -> Mapping[str, QuantumHistory]:
        """When endpoints first proved post-quantum key exchange, and lost it, up to ``until``, by key.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_quantum_history(connection, selection, until)

    async def proved_at(
        self, moment: datetime, endpoint_keys: Collection[str]
    ) -> Mapping[str, Observation]:
        """The facts of these endpoints as they were known at ``moment``, with their evidence, by key.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_proved_at(connection, moment, endpoint_keys)

    async def snapshot_at(self, moment: datetime, selection: Selection = EVERYWHERE) -> Snapshot:
        """The endpoints as they were known at ``moment``, with their Findings and compliance.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_snapshot_at(connection, moment, selection)

    async def places(self, text: str, most: int) -> Sequence[str]:
        """The hosts, targets or endpoints that ``text`` may denote: see ``read_places``.

        Raises:
            StoreError: if the database cannot be read.
        """
        async with self._reading() as connection:
            return await read_places(connection, text, most)


async def open_reader(url: str, *, busy_timeout_seconds: float = 5.0) -> SqlReader:
    """Open the database at ``url`` only to read it: nothing is created, upgraded or written.

    Args:
        url: such as ``sqlite:///tlsprobe.db``, or ``sqlite:////var/lib/x.db`` for an absolute path.
        busy_timeout_seconds: how long to wait for a lock that another process holds.

    Raises:
        StoreError: if it does not exist, cannot be read or has another version's tables; the message says what to
        do.
    """
    database = connect_for_reading(url, busy_timeout_seconds)
    return SqlReader(await opened(database, check_revision))


async def opened(database: Opened, revision_of: Callable[[Opened], str]) -> Opened:
    """``database``, after ``revision_of``, which blocks, has returned its revision; it is closed on failure.

    Raises:
        StoreError: if the driver fails, and whatever ``revision_of`` raises.
    """
    try:
        database.remember(await asyncio.to_thread(revision_of, database))
    except DRIVER_ERRORS as error:
        await database.close()
        raise explain(error, database.name) from error
    except BaseException:
        await database.close()
        raise
    return database
