"""Reads when post-quantum key exchange was first proved at each endpoint, and when it was lost again."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from model.judging.quantum import QuantumHistory
from model.query import Selection
from storage.reading.places import conditions
from storage.rows.tables import EndpointRow, ObservationRow, TargetRow, VisitRow


async def read_quantum_history(
    connection: AsyncConnection, selection: Selection, until: datetime | None
) -> dict[str, QuantumHistory]:
    """The history of each endpoint of the selection that ever proved it, up to ``until``, by endpoint key.

    It reaches back as far as the facts that are stored: facts that are still true have the time of their first visit.
    """
    seen = true() if until is None else VisitRow.first_at <= until
    proved = (
        select(
            VisitRow.endpoint_id,
            func.min(ObservationRow.first_seen_at).label("first_at"),
            func.max(VisitRow.id).label("newest"),
        )
        .join(ObservationRow, ObservationRow.id == VisitRow.observation_id)
        .where(ObservationRow.post_quantum.is_(True), seen)
        .group_by(VisitRow.endpoint_id)
        .cte("proved")
    )
    lost = (
        select(VisitRow.endpoint_id, func.min(VisitRow.first_at).label("at"))
        .join(ObservationRow, ObservationRow.id == VisitRow.observation_id)
        .join(proved, proved.c.endpoint_id == VisitRow.endpoint_id)
        .where(ObservationRow.post_quantum.is_(False), VisitRow.id > proved.c.newest, seen)
        .group_by(VisitRow.endpoint_id)
        .cte("lost")
    )
    found = await connection.execute(
        select(EndpointRow.key, proved.c.first_at, lost.c.at)
        .join(proved, proved.c.endpoint_id == EndpointRow.id)
        .join(TargetRow, TargetRow.id == EndpointRow.target_id)
        .outerjoin(lost, lost.c.endpoint_id == EndpointRow.id)
        .where(*conditions(selection))
    )
    return {row.key: QuantumHistory(first_proved_at=row.first_at, lost_at=row.at) for row in found}
