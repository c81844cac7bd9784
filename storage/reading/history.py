"""Reads changes, and stretches of visits."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.comparisons.change import Change, ChangeKind
from model.encoding.known_parts import KnownParts
from model.query import Period, Selection, Transition
from storage.reading.places import conditions, with_target
from storage.reading.statuses import decode
from storage.rows.body import decode_observation
from storage.rows.tables import ChangeRow, EndpointRow, StatusRow, TargetRow, VisitRow


async def read_changes(
    connection: AsyncConnection,
    selection: Selection,
    since: datetime | None,
    until: datetime | None,
    limit: int,
) -> list[Change]:
    """The newest ``limit`` Changes from ``since`` to before ``until``, newest first."""
    wanted = conditions(selection)
    if since is not None:
        wanted.append(ChangeRow.at >= since)
    if until is not None:
        wanted.append(ChangeRow.at < until)
    found = await connection.execute(
        select(
            EndpointRow.key,
            ChangeRow.at,
            ChangeRow.fact,
            ChangeRow.kind,
            ChangeRow.before,
            ChangeRow.after,
            ChangeRow.sentence,
        )
        .join(EndpointRow, EndpointRow.id == ChangeRow.endpoint_id)
        .join(TargetRow, TargetRow.id == EndpointRow.target_id)
        .where(*wanted)
        .order_by(ChangeRow.at.desc(), ChangeRow.id.desc())
        .limit(limit)
    )
    return [
        Change(
            endpoint_key=row.key,
            at=row.at,
            fact=row.fact,
            kind=ChangeKind(row.kind),
            before=row.before,
            after=row.after,
            sentence=row.sentence,
        )
        for row in found
    ]


async def read_history(
    connection: AsyncConnection, selection: Selection, limit: int
) -> list[Period]:
    """The newest ``limit`` Stretches, newest first.

    Raises:
        ValueError: if a stored body is invalid.
    """
    found = await connection.execute(
        select(
            EndpointRow.key,
            VisitRow.observation_id,
            VisitRow.turn,
            VisitRow.first_at,
            func.coalesce(VisitRow.last_at, StatusRow.started_at).label("last_at"),
            func.coalesce(VisitRow.visits, StatusRow.visits).label("visits"),
            TargetRow.labels,
            TargetRow.source,
        )
        .join(EndpointRow, EndpointRow.id == VisitRow.endpoint_id)
        .join(TargetRow, TargetRow.id == EndpointRow.target_id)
        .join(StatusRow, StatusRow.endpoint_id == EndpointRow.id)
        .where(*conditions(selection))
        .order_by(VisitRow.first_at.desc(), VisitRow.id.desc())
        .limit(limit)
    )
    rows = found.all()
    decoded = partial(decode_observation, parts=KnownParts())
    facts = await decode(connection, [row.observation_id for row in rows], decoded)
    return [
        Period(
            endpoint_key=row.key,
            turn=Transition(row.turn),
            first_at=row.first_at,
            last_at=row.last_at,
            visits=row.visits,
            observation=with_target(facts[row.observation_id], row.labels, row.source),
        )
        for row in rows
    ]
