"""When endpoints were last visited and are due, and which facts they have: a fast query before a visit."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.endpoint_state.schedule import Schedule
from model.frozen import frozen
from storage.reading.places import has_key_of
from storage.rows.tables import EndpointRow, StatusRow


@frozen
class LastVisit:
    """When the newest visit to an endpoint ended, and when the next one is due.

    The digests identify the stored facts and the policy results for them.
    """

    ended_at: datetime
    schedule: Schedule
    facts_digest: str
    assessment_digest: str | None


async def read_last_visits(
    connection: AsyncConnection, endpoint_keys: Collection[str]
) -> dict[str, LastVisit]:
    """The newest visit of each of these endpoints that has been visited, by its key."""
    found = await connection.execute(
        select(
            EndpointRow.key,
            StatusRow.started_at,
            StatusRow.duration_seconds,
            StatusRow.due_at,
            StatusRow.interval_seconds,
            StatusRow.consecutive_failures,
            StatusRow.enumerated_at,
            StatusRow.facts_digest,
            StatusRow.assessment_digest,
        )
        .join(EndpointRow, EndpointRow.id == StatusRow.endpoint_id)
        .where(has_key_of(endpoint_keys))
    )
    return {
        row.key: LastVisit(
            ended_at=row.started_at + timedelta(seconds=row.duration_seconds),
            schedule=Schedule(
                endpoint_key=row.key,
                due_at=row.due_at,
                interval_seconds=row.interval_seconds,
                consecutive_failures=row.consecutive_failures,
                enumerated_at=row.enumerated_at,
            ),
            facts_digest=row.facts_digest,
            assessment_digest=row.assessment_digest,
        )
        for row in found
    }
