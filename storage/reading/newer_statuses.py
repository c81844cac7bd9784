"""The statuses of all endpoints in parts, for a start: each part takes the same few statements, whatever its size.

Rows are selected by ranges of ``endpoint_id``, because a list of keys takes longer to send than its rows to read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Row, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.encoding.known_parts import KnownParts
from model.frozen import frozen
from model.query import EVERYWHERE
from model.snapshot import EndpointStatus
from storage.reading.findings import NO_VERDICTS, verdicts_by
from storage.reading.statuses import ended_at, status_of, status_rows
from storage.rows.body import decode_facts
from storage.rows.findings import FINDING_COLUMNS, finding_of, read_results
from storage.rows.tables import ComplianceRow, FindingRow, ObservationRow, PolicyRow, StatusRow

_ENDPOINTS_AT_ONCE: Final = 2_000
"""The rows of a million statuses take as much memory as the statuses."""

VisitedAt: TypeAlias = Callable[[str], datetime | None]
"""When the newest visit to an endpoint ended that the caller knows of, by its key."""
_Row: TypeAlias = Row[*tuple[Any, ...]]


@frozen
class Part:
    """Statuses, and the endpoint id by which the next part starts; None after the last part."""

    statuses: Sequence[EndpointStatus]
    last_id: int | None


def _in_range(endpoint_id: Any) -> ColumnElement[bool]:
    return endpoint_id.between(bindparam("first"), bindparam("last"))


_ROWS: Final = (
    status_rows(EVERYWHERE)
    .where(StatusRow.endpoint_id > bindparam("after"))
    .order_by(StatusRow.endpoint_id)
    .limit(_ENDPOINTS_AT_ONCE)
)
_FACTS: Final = (
    select(ObservationRow.id, ObservationRow.facts)
    .join(StatusRow, StatusRow.observation_id == ObservationRow.id)
    .where(_in_range(StatusRow.endpoint_id))
)
_FINDINGS: Final = (
    select(*FINDING_COLUMNS)
    .where(_in_range(FindingRow.endpoint_id), FindingRow.resolved_at.is_(None))
    .order_by(FindingRow.id)
)
_COMPLIANCE: Final = (
    select(ComplianceRow.endpoint_id, PolicyRow.name, PolicyRow.digest, ComplianceRow.verdict)
    .join(PolicyRow, PolicyRow.id == ComplianceRow.policy_id)
    .where(_in_range(ComplianceRow.endpoint_id), ComplianceRow.until_at.is_(None))
    .order_by(ComplianceRow.id)
)


async def read_newer_part(
    connection: AsyncConnection, after: int, visited_at: VisitedAt, parts: KnownParts
) -> Part:
    """The newest statuses of the next endpoints ``after`` an id, without those whose visits the caller knows.

    Raises:
        ValueError: if a stored body is invalid.
    """
    rows = (await connection.execute(_ROWS, {"after": after})).all()
    newer = [row for row in rows if visited_at(row.key) != ended_at(row)]
    statuses = await _statuses(connection, newer, parts) if newer else ()
    is_last = len(rows) < _ENDPOINTS_AT_ONCE
    return Part(statuses=statuses, last_id=None if is_last else rows[-1].endpoint_id)


async def _statuses(
    connection: AsyncConnection, rows: Sequence[_Row], parts: KnownParts
) -> list[EndpointStatus]:
    """The statuses of ``rows``, which are in the order of their endpoint ids."""
    these = {"first": rows[0].endpoint_id, "last": rows[-1].endpoint_id}
    facts = (await connection.execute(_FACTS, these)).all()
    opened = (await connection.execute(_FINDINGS, these)).all()
    results = await read_results(connection, opened)
    verdicts = (await connection.execute(_COMPLIANCE, these)).tuples().all()

    def build() -> list[EndpointStatus]:
        decoded = {found.id: decode_facts(found.facts, parts) for found in facts}
        opened_at = _by_endpoint(opened)
        verdicts_of = verdicts_by(verdicts)
        return [
            status_of(
                row,
                decoded[row.observation_id],
                [
                    finding_of(one, results[one.result_id], row.key, row.assessed_at)
                    for one in opened_at.get(row.endpoint_id, ())
                ],
                verdicts_of.get(row.endpoint_id, NO_VERDICTS),
            )
            for row in rows
        ]

    return await asyncio.to_thread(build)


def _by_endpoint(rows: Sequence[_Row]) -> Mapping[int, Sequence[_Row]]:
    found: dict[int, list[_Row]] = {}
    for row in rows:
        found.setdefault(row.endpoint_id, []).append(row)
    return found
