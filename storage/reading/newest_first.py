"""Pages of what grows with time, newest first: changes, an endpoint's periods, service events, audit entries.

A page starts after the row at which the previous one ended, so that new rows shift none. Each takes one statement,
and periods one more for each 500 bodies.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from model.comparisons.change import Change
from model.query import AuditEntry, NewestFirst, Period, RowEnd, Selection, ServiceEvent
from storage.reading.history import change_of, change_rows, period_rows, periods_of
from storage.reading.places import conditions
from storage.rows.record_tables import AuditRow, EventRow
from storage.rows.tables import ChangeRow, VisitRow

T = TypeVar("T")
_Rows = Sequence[Row[*tuple[Any, ...]]]
_Order = tuple[InstrumentedAttribute[datetime], InstrumentedAttribute[int]]


async def read_newest_changes(
    connection: AsyncConnection,
    selection: Selection,
    facts: Collection[str],
    since: datetime | None,
    limit: int,
    after: RowEnd | None,
) -> NewestFirst[Change]:
    """Changes of the selection from ``since`` on; ``facts`` are the only ones, if there are any."""
    wanted = conditions(selection)
    if facts:
        wanted.append(ChangeRow.fact.in_(facts))
    order = (ChangeRow.at, ChangeRow.id)
    rows = await _rows(connection, change_rows().where(*wanted), order, since, limit, after)
    return _page(rows, "at", list(map(change_of, rows)), limit)


async def read_newest_periods(
    connection: AsyncConnection, endpoint_key: str, limit: int, after: RowEnd | None
) -> NewestFirst[Period]:
    """The Periods of one endpoint.

    Raises:
        ValueError: if a stored body is invalid.
    """
    query = period_rows().where(*conditions(Selection(keys=frozenset({endpoint_key}))))
    order = (VisitRow.first_at, VisitRow.id)
    rows = await _rows(connection, query, order, None, limit, after)
    return _page(rows, "first_at", await periods_of(connection, rows), limit)


async def read_newest_events(
    connection: AsyncConnection,
    kinds: Collection[str],
    since: datetime | None,
    limit: int,
    after: RowEnd | None,
) -> NewestFirst[ServiceEvent]:
    """Service events from ``since`` on; ``kinds`` are the only ones, if there are any."""
    wanted: list[ColumnElement[bool]] = [EventRow.kind.in_(kinds)] if kinds else []
    query = select(
        EventRow.id, EventRow.at, EventRow.kind, EventRow.sentence, EventRow.endpoint_key
    )
    order = (EventRow.at, EventRow.id)
    rows = await _rows(connection, query.where(*wanted), order, since, limit, after)
    found = [
        ServiceEvent(at=row.at, kind=row.kind, sentence=row.sentence, endpoint_key=row.endpoint_key)
        for row in rows
    ]
    return _page(rows, "at", found, limit)


async def read_newest_audit_entries(
    connection: AsyncConnection, since: datetime | None, limit: int, after: RowEnd | None
) -> NewestFirst[AuditEntry]:
    """Entries of the audit log from ``since`` on."""
    order = (AuditRow.at, AuditRow.id)
    query = select(*AuditRow.__table__.columns)
    rows = await _rows(connection, query, order, since, limit, after)
    found = []
    for row in rows:
        fields = dict(row._mapping)
        del fields["id"]
        found.append(AuditEntry(**fields))
    return _page(rows, "at", found, limit)


async def _rows(
    connection: AsyncConnection,
    query: Select[*tuple[Any, ...]],
    order: _Order,
    since: datetime | None,
    limit: int,
    after: RowEnd | None,
) -> _Rows:
    at, row_id = order
    if since is not None:
        query = query.where(at >= since)
    if after is not None:
        # An index on the time answers the first condition; the row comparison tells equal times apart.
        query = query.where(at <= after.at, tuple_(at, row_id) < (after.at, after.row_id))
    found = await connection.execute(query.order_by(at.desc(), row_id.desc()).limit(limit))
    return found.all()


def _page(rows: _Rows, time: str, items: Sequence[T], limit: int) -> NewestFirst[T]:
    is_last = len(rows) < limit
    end = None if is_last else RowEnd(at=getattr(rows[-1], time), row_id=rows[-1].id)
    return NewestFirst(items=tuple(items), end=end)
