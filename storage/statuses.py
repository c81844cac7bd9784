"""The newest status of every endpoint: its facts, and the newest visit that learnt them.

An Observation's facts and evidence are those of the visit that first learnt them; time, cost, mode
and reason are the newest visit's. A row's facts never change, so each row is decoded once, outside
the event loop, and successive calls share the values: asking often is cheap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.observation import Cost, Mode, Observation
from model.snapshot import EndpointStatus
from storage.body import decode_body
from storage.reading import with_source
from storage.tables import EndpointRow, ObservationRow, ScheduleRow, TargetRow

_ROWS_AT_ONCE = 100


class StatusReader:
    """Reads statuses, and keeps the facts that it has decoded for the next time."""

    def __init__(self) -> None:
        self._facts: Mapping[int, Observation] = {}

    async def read(self, connection: AsyncConnection) -> list[EndpointStatus]:
        """The newest status of every endpoint, ordered by endpoint key.

        Raises:
            ValueError: for a body that no Observation was written to.
        """
        rows = (await connection.execute(_newest_rows())).all()
        # A mapping of this call's own: another call may see other rows.
        facts = await _decode(connection, [row.id for row in rows], self._facts)
        self._facts = facts
        statuses = await asyncio.to_thread(lambda: [_status(row, facts[row.id]) for row in rows])
        return sorted(statuses, key=lambda status: status.observation.endpoint.key)


def _newest_rows() -> Select[*tuple[Any, ...]]:
    newest_ids = select(func.max(ObservationRow.id)).group_by(ObservationRow.endpoint_id)
    columns = [column for column in ObservationRow.__table__.columns if column.name != "body"]
    return (
        select(
            *columns,
            TargetRow.source,
            EndpointRow.last_probe_at,
            EndpointRow.last_success_at,
            ScheduleRow.interval_seconds,
            ScheduleRow.consecutive_failures,
        )
        .join(EndpointRow, EndpointRow.id == ObservationRow.endpoint_id)
        .join(TargetRow, TargetRow.id == EndpointRow.target_id)
        .join(ScheduleRow, ScheduleRow.endpoint_id == EndpointRow.id)
        .where(ObservationRow.id.in_(newest_ids))
    )


async def _decode(
    connection: AsyncConnection, ids: Sequence[int], known: Mapping[int, Observation]
) -> Mapping[int, Observation]:
    """The facts of the rows ``ids``, from ``known`` where it has them, and of no others."""
    facts = {row_id: known[row_id] for row_id in ids if row_id in known}
    missing = [row_id for row_id in ids if row_id not in known]
    for start in range(0, len(missing), _ROWS_AT_ONCE):
        wanted = missing[start : start + _ROWS_AT_ONCE]
        found = await connection.execute(
            select(ObservationRow.id, ObservationRow.body).where(ObservationRow.id.in_(wanted))
        )
        bodies = {row.id: row.body for row in found}
        facts |= await asyncio.to_thread(_decode_bodies, bodies)
    return facts


def _decode_bodies(bodies: Mapping[int, bytes]) -> dict[int, Observation]:
    return {row_id: decode_body(body) for row_id, body in bodies.items()}


def _status(row: Row[*tuple[Any, ...]], facts: Observation) -> EndpointStatus:
    return EndpointStatus(
        observation=replace(
            with_source(facts, row.source),
            started_at=row.last_seen_at,
            tool_version=row.tool_version,
            mode=Mode(row.mode),
            reason=row.reason,
            cost=Cost(
                duration_seconds=row.duration_seconds,
                connections=row.connections,
                bytes_sent=row.bytes_sent,
                bytes_received=row.bytes_received,
                throttled=row.throttled,
            ),
        ),
        last_probe_at=row.last_probe_at,
        last_success_at=row.last_success_at,
        consecutive_failures=row.consecutive_failures,
        interval_seconds=row.interval_seconds,
    )
