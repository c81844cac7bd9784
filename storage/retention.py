"""Deletes old data: each kind after its own time, and in batches that block no writer for long.

Every batch is a short transaction, so a writer waits for at most one; if a run is interrupted, the next one
continues. Current data are never deleted, however old they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Delete, Select, delete, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.frozen import frozen
from storage.database import WritableDatabase
from storage.retention_clock import RetentionTime, read_retention_time, write_retention_time
from storage.rows.record_tables import AuditRow, EventRow, FleetDayRow, ProbeRow, TrailEventRow
from storage.rows.tables import (
    CertificateRow,
    ChangeRow,
    ComplianceRow,
    EndpointRow,
    EvidenceRow,
    FindingRow,
    ObservationCertificateRow,
    ObservationRow,
    ResultRow,
    StatusRow,
    TargetLabelRow,
    TargetRow,
    VisitRow,
)

_BATCH: Final = 500
_FIRST_PLAUSIBLE: Final = datetime(2024, 1, 1, tzinfo=UTC)
"""A visit before this time was made with an unset clock, as on machines without a battery."""


@frozen
class Retention:
    """For how many days each kind of data is stored.

    ``evidence_days`` is for facts that are no longer the newest; ``history_days`` for past stretches of
    visits and their facts, and for the count of the fleet for each day; ``probes_days`` for the results of requested
    probes; ``trail_events_days`` for calls that audit trails report on their own; ``findings_days`` for resolved findings and past compliance;
    ``endpoints_days`` for endpoints that are no longer visited, with all their data.
    """

    evidence_days: float = 7.0
    history_days: float = 400.0
    changes_days: float = 400.0
    findings_days: float = 400.0
    events_days: float = 90.0
    audit_days: float = 730.0
    probes_days: float = 90.0
    trail_events_days: float = 7.0
    endpoints_days: float = 400.0


@frozen
class Pruned:
    """How many rows of each kind were deleted, and the time that ages were counted from."""

    counts: Mapping[str, int]
    time: RetentionTime


async def prune(
    database: WritableDatabase,
    retention: Retention,
    now: datetime,
    running: timedelta = timedelta(),
    *,
    is_clock_right: bool = False,
) -> Pruned:
    """Delete data whose ``retention`` has ended at ``now``, as far as that is a believable time.

    Args:
        database: the database to delete from.
        retention: for how long each kind is stored.
        now: the time of the clock.
        running: how long this process has run since its last deletion, or since its start.
        is_clock_right: whether a person has confirmed the clock.

    Raises:
        StoreError: if the database cannot be written; the driver's own errors may be raised too.
    """
    async with database.reading() as connection:
        time = await read_retention_time(connection, now, running, is_clock_right=is_clock_right)
    counts = await _prune(database, retention, time.at)
    async with database.writing() as connection:
        await write_retention_time(connection, time, is_clock_right=is_clock_right)
    return Pruned(counts=counts, time=time)


async def _prune(database: WritableDatabase, retention: Retention, at: datetime) -> dict[str, int]:
    def before(days: float) -> datetime:
        return at - timedelta(days=days)

    pruned = {
        "endpoints": await _prune_endpoints(database, before(retention.endpoints_days)),
        "evidence": await _walk(
            database,
            _stale_evidence(before(retention.evidence_days)),
            _deletion(EvidenceRow.observation_id),
        ),
        "visits": await _forget(
            database, VisitRow.id, VisitRow.last_at < before(retention.history_days)
        ),
        "observations": await _walk(
            database,
            _unused(ObservationRow.id, VisitRow.observation_id),
            _drop_observations,
        ),
    }
    pruned["certificates"] = await _walk(
        database,
        _unused(CertificateRow.id, ObservationCertificateRow.certificate_id),
        _deletion(CertificateRow.id),
    )
    for name, key, is_old in _records(retention, before):
        pruned[name] = await _forget(database, key, is_old)
    pruned["results"] = await _walk(
        database, _unused(ResultRow.id, FindingRow.result_id), _deletion(ResultRow.id)
    )
    pruned["fleet_days"] = await _forget_all(
        database, delete(FleetDayRow).where(FleetDayRow.day < before(retention.history_days))
    )
    pruned["trail_events"] = await _forget_all(
        database,
        delete(TrailEventRow).where(TrailEventRow.at < before(retention.trail_events_days)),
    )
    return pruned


def _records(
    retention: Retention, before: Callable[[float], datetime]
) -> Iterator[tuple[str, Any, ColumnElement[bool]]]:
    """The tables whose rows end on their own: the name, the id, and what makes a row old."""
    findings_from = before(retention.findings_days)
    yield "changes", ChangeRow.id, ChangeRow.at < before(retention.changes_days)
    yield "findings", FindingRow.id, FindingRow.resolved_at < findings_from
    yield "compliance", ComplianceRow.id, ComplianceRow.until_at < findings_from
    yield "service_events", EventRow.id, EventRow.at < before(retention.events_days)
    yield "audit_log", AuditRow.id, AuditRow.at < before(retention.audit_days)
    yield "probes", ProbeRow.id, ProbeRow.created_at < before(retention.probes_days)


async def _forget_all(database: WritableDatabase, deletion: Delete) -> int:
    """Delete rows of a small table at once."""
    async with database.writing() as connection:
        return (await connection.execute(deletion)).rowcount


async def _walk(
    database: WritableDatabase,
    query: Select[Any],
    drop: Callable[[AsyncConnection, Sequence[int]], Any],
) -> int:
    """Delete the rows whose ids ``query`` returns, in the order of the ids; returns their number."""
    (key,) = query.selected_columns
    last, count = 0, 0
    while True:
        async with database.writing() as connection:
            page = query.where(key > last).order_by(key).limit(_BATCH)
            ids = list(await connection.scalars(page))
            if ids:
                await drop(connection, ids)
        count += len(ids)
        if len(ids) < _BATCH:
            return count
        last = ids[-1]
        await asyncio.sleep(0)


async def _forget(database: WritableDatabase, key: Any, is_old: ColumnElement[bool]) -> int:
    return await _walk(database, select(key).where(is_old), _deletion(key))


def _deletion(key: Any) -> Callable[[AsyncConnection, Sequence[int]], Any]:
    async def drop(connection: AsyncConnection, ids: Sequence[int]) -> None:
        await connection.execute(delete(key.class_).where(key.in_(ids)))

    return drop


def _unused(key: Any, referring: Any) -> Select[Any]:
    return select(key).where(~exists().where(referring == key))


def _stale_evidence(cutoff: datetime) -> Select[Any]:
    """The observations with evidence whose facts no endpoint has shown since ``cutoff``."""
    is_current = exists().where(
        StatusRow.endpoint_id == ObservationRow.endpoint_id,
        StatusRow.observation_id == ObservationRow.id,
    )
    was_shown = exists().where(
        VisitRow.observation_id == ObservationRow.id,
        or_(VisitRow.last_at.is_(None), VisitRow.last_at >= cutoff),
    )
    return (
        select(EvidenceRow.observation_id)
        .join(ObservationRow, ObservationRow.id == EvidenceRow.observation_id)
        .where(~is_current, ~was_shown)
    )


async def _drop_observations(connection: AsyncConnection, ids: Sequence[int]) -> None:
    await connection.execute(delete(EvidenceRow).where(EvidenceRow.observation_id.in_(ids)))
    await connection.execute(
        delete(ObservationCertificateRow).where(ObservationCertificateRow.observation_id.in_(ids))
    )
    await connection.execute(delete(ObservationRow).where(ObservationRow.id.in_(ids)))


async def _prune_endpoints(database: WritableDatabase, cutoff: datetime) -> int:
    query = select(StatusRow.endpoint_id).where(
        StatusRow.started_at < cutoff, StatusRow.started_at >= _FIRST_PLAUSIBLE
    )
    count = await _walk(database, query, _drop_endpoints)
    await _walk(database, _unused(TargetRow.id, EndpointRow.target_id), _drop_targets)
    return count


async def _drop_endpoints(connection: AsyncConnection, ids: Sequence[int]) -> None:
    for table in (ChangeRow, ComplianceRow, FindingRow, StatusRow, VisitRow):
        await connection.execute(delete(table).where(table.endpoint_id.in_(ids)))
    observations = select(ObservationRow.id).where(ObservationRow.endpoint_id.in_(ids))
    await _drop_observations(connection, list(await connection.scalars(observations)))
    await connection.execute(delete(EndpointRow).where(EndpointRow.id.in_(ids)))


async def _drop_targets(connection: AsyncConnection, ids: Sequence[int]) -> None:
    await connection.execute(delete(TargetLabelRow).where(TargetLabelRow.target_id.in_(ids)))
    await connection.execute(delete(TargetRow).where(TargetRow.id.in_(ids)))
