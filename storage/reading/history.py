"""Reads changes, and stretches of visits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.comparisons.change import Change, ChangeKind
from model.encoding.change_json import attribution_from_json
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
    query = change_rows().where(*wanted)
    query = query.order_by(ChangeRow.at.desc(), ChangeRow.id.desc()).limit(limit)
    return list(map(change_of, await connection.execute(query)))


def change_rows() -> Select[*tuple[Any, ...]]:
    """The query for the rows that ``change_of`` reads."""
    return (
        select(
            EndpointRow.key,
            ChangeRow.id,
            ChangeRow.at,
            ChangeRow.fact,
            ChangeRow.kind,
            ChangeRow.before,
            ChangeRow.after,
            ChangeRow.sentence,
            ChangeRow.attribution,
        )
        .join(EndpointRow, EndpointRow.id == ChangeRow.endpoint_id)
        .join(TargetRow, TargetRow.id == EndpointRow.target_id)
    )


def change_of(row: Row[*tuple[Any, ...]]) -> Change:
    """The Change of a row of ``change_rows``."""
    return Change(
        endpoint_key=row.key,
        at=row.at,
        fact=row.fact,
        kind=ChangeKind(row.kind),
        before=row.before,
        after=row.after,
        sentence=row.sentence,
        attribution=None if row.attribution is None else attribution_from_json(row.attribution),
    )


async def read_history(
    connection: AsyncConnection, selection: Selection, limit: int
) -> list[Period]:
    """The newest ``limit`` Stretches, newest first.

    Raises:
        ValueError: if a stored body is invalid.
    """
    newest = period_rows().where(*conditions(selection))
    newest = newest.order_by(VisitRow.first_at.desc(), VisitRow.id.desc()).limit(limit)
    return await periods_of(connection, (await connection.execute(newest)).all())


def period_rows() -> Select[*tuple[Any, ...]]:
    """The query for the rows that ``periods_of`` reads."""
    return (
        select(
            EndpointRow.key,
            VisitRow.id,
            VisitRow.observation_id,
            VisitRow.turn,
            VisitRow.first_at,
            func.coalesce(VisitRow.last_at, StatusRow.started_at).label("last_at"),
            func.coalesce(VisitRow.visits, StatusRow.visits).label("visits"),
            TargetRow.labels,
            TargetRow.claims,
            TargetRow.source,
        )
        .join(EndpointRow, EndpointRow.id == VisitRow.endpoint_id)
        .join(TargetRow, TargetRow.id == EndpointRow.target_id)
        .join(StatusRow, StatusRow.endpoint_id == EndpointRow.id)
    )


async def periods_of(
    connection: AsyncConnection, rows: Sequence[Row[*tuple[Any, ...]]]
) -> list[Period]:
    """The Period of each row of ``period_rows``.

    Raises:
        ValueError: if a stored body is invalid.
    """
    decoded = partial(decode_observation, parts=KnownParts())
    facts = await decode(connection, [row.observation_id for row in rows], decoded)
    return [
        Period(
            endpoint_key=row.key,
            turn=Transition(row.turn),
            first_at=row.first_at,
            last_at=row.last_at,
            visits=row.visits,
            observation=with_target(facts[row.observation_id], row),
        )
        for row in rows
    ]
