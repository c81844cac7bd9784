"""Pages of endpoints by certificate expiry, earliest first; indexes make them fast however large the fleet is."""

from __future__ import annotations

from functools import partial

from sqlalchemy import tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from model.encoding.known_parts import KnownParts
from model.query import Page, PageEnd, Selection
from storage.reading.findings import read_compliance, read_open_findings
from storage.reading.statuses import decode, status_rows
from storage.rows.body import decode_facts
from storage.rows.statuses import NO_VERDICTS, StatusColumns, status_of
from storage.rows.tables import StatusRow


async def read_page(
    connection: AsyncConnection, selection: Selection, limit: int, after: PageEnd | None
) -> Page:
    """At most ``limit`` endpoints that have shown a certificate of their own, starting after ``after``.

    Raises:
        ValueError: if a stored body is invalid.
    """
    place = (StatusRow.not_after, StatusRow.endpoint_id)
    query = status_rows(selection).where(StatusRow.not_after.is_not(None))
    if after is not None:
        # An index on both columns answers the row comparison; the other condition only helps it.
        query = query.where(
            StatusRow.not_after >= after.not_after,
            tuple_(*place) > (after.not_after, after.endpoint_id),
        )
    found = await connection.execute(query.order_by(*place).limit(limit))
    rows = [StatusColumns._make(row) for row in found]
    shown = Selection(keys=frozenset(row.key for row in rows))
    decoded = partial(decode_facts, parts=KnownParts())
    facts = await decode(connection, [row.observation_id for row in rows], decoded)
    findings = await read_open_findings(connection, shown)
    compliance = await read_compliance(connection, shown)
    endpoints = tuple(
        status_of(
            row,
            facts[row.observation_id],
            findings.get(row.key, ()),
            compliance.get(row.key, NO_VERDICTS),
        )
        for row in rows
    )
    is_last = len(rows) < limit
    end = None if is_last else _end(rows[-1])
    return Page(endpoints=endpoints, end=end)


def _end(last: StatusColumns) -> PageEnd | None:
    """The end of a page with this ``last`` row, which has a certificate."""
    if last.not_after is None:
        return None
    return PageEnd(not_after=last.not_after, endpoint_id=last.endpoint_id)
