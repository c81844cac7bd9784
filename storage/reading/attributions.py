"""Reads the Changes whose cause nothing has said yet, and the calls that audit trails reported on their own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import groupby
from sys import intern
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.claims.claims_json import claims_from_json
from model.comparisons.attribution import RecordedCall, Unattributed
from model.encoding.change_json import attribution_from_json
from model.target import Target
from storage.rows.record_tables import TrailEventRow
from storage.rows.tables import ChangeRow, EndpointRow, TargetRow, VisitRow


async def read_unattributed(
    connection: AsyncConnection, since: datetime, until: datetime, after: int, limit: int
) -> list[Unattributed]:
    """The first ``limit`` Changes from ``since`` to before ``until`` without an attribution, by visit.

    They are those after the identifier ``after``, in the order in which they were stored.
    """
    query = _rows().where(
        ChangeRow.attribution.is_(None),
        ChangeRow.at >= since,
        ChangeRow.at < until,
        ChangeRow.id > after,
    )
    query = query.order_by(ChangeRow.id).limit(limit)
    rows = (await connection.execute(query)).all()
    return [_visit(list(some)) for _, some in groupby(rows, lambda row: (row.at, row.endpoint_key))]


def _rows() -> Select[*tuple[Any, ...]]:
    before = (
        select(func.max(VisitRow.last_at))
        .where(VisitRow.endpoint_id == ChangeRow.endpoint_id, VisitRow.first_at < ChangeRow.at)
        .correlate(ChangeRow)
        .scalar_subquery()
    )
    return (
        select(
            ChangeRow.id,
            ChangeRow.at,
            ChangeRow.fact,
            before.label("seen_before"),
            EndpointRow.key.label("endpoint_key"),
            TargetRow.host,
            TargetRow.port,
            TargetRow.server_name,
            TargetRow.protocol,
            TargetRow.labels,
            TargetRow.claims,
            TargetRow.source,
        )
        .join(EndpointRow, EndpointRow.id == ChangeRow.endpoint_id)
        .join(TargetRow, TargetRow.id == EndpointRow.target_id)
    )


def _visit(rows: Sequence[Row[*tuple[Any, ...]]]) -> Unattributed:
    first = rows[0]
    target = Target(
        host=first.host,
        port=first.port,
        server_name=first.server_name,
        protocol=first.protocol,
        labels=first.labels,
        claims=claims_from_json(first.claims or ()),
        source=intern(first.source),
    )
    return Unattributed(
        endpoint_key=first.endpoint_key,
        target=target,
        at=first.at,
        since=first.seen_before,
        facts={row.id: row.fact for row in rows},
    )


async def read_reported_calls(
    connection: AsyncConnection,
    resources: Collection[str],
    account: str,
    since: datetime,
    until: datetime,
    limit: int,
) -> list[RecordedCall]:
    """The newest ``limit`` calls on one of ``resources``, each once; all accounts if ``account`` is empty."""
    query = select(TrailEventRow.event_id, TrailEventRow.at, TrailEventRow.fields).where(
        TrailEventRow.resource.in_(resources),
        TrailEventRow.at >= since,
        TrailEventRow.at <= until,
    )
    if account:
        query = query.where(TrailEventRow.account == account)
    rows = await connection.execute(query.order_by(TrailEventRow.at.desc()).limit(limit))
    calls = (attribution_from_json(row.fields).call for row in rows)
    return list({call.event_id: call for call in calls if call is not None}.values())
