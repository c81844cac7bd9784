"""The statuses of all endpoints in parts, for a start: each part takes the same few statements, whatever its size.

Rows are selected by ranges of ``endpoint_id``, because a list of keys takes longer to send than its rows to read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from sqlalchemy import ColumnElement, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from model.encoding.known_parts import KnownParts
from model.findings.finding import Finding
from model.frozen import frozen
from model.snapshot import EndpointStatus
from storage.rows.body import decode_facts
from storage.rows.findings import FINDING_COLUMNS, FindingColumns, finding_of, read_results
from storage.rows.statuses import NO_VERDICTS, STATUS_ROWS, StatusColumns, status_of, verdicts_by
from storage.rows.tables import ComplianceRow, FindingRow, ObservationRow, PolicyRow, StatusRow

ENDPOINTS_AT_ONCE: Final = 2_000
"""The rows of a million statuses take as much memory as the statuses."""

VisitedAt: TypeAlias = Callable[[str], datetime | None]
"""When the newest visit to an endpoint ended that the caller knows of, by its key."""


@frozen
class Part:
    """Statuses, and the endpoint id by which the next part starts; None after the last part."""

    statuses: Sequence[EndpointStatus]
    last_id: int | None


def _in_range(endpoint_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    return endpoint_id.between(bindparam("first"), bindparam("last"))


_ROWS: Final = (
    STATUS_ROWS.where(StatusRow.endpoint_id > bindparam("after"))
    .order_by(StatusRow.endpoint_id)
    .limit(bindparam("at_once"))
)
_FACTS: Final = (
    select(StatusRow.endpoint_id, ObservationRow.facts)
    .join(ObservationRow, ObservationRow.id == StatusRow.observation_id)
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
    connection: AsyncConnection,
    after: int,
    visited_at: VisitedAt,
    parts: KnownParts,
    at_once: int,
) -> Part:
    """The newest statuses of the next endpoints ``after`` an id, without those whose visits the caller knows.

    Raises:
        ValueError: if a stored body is invalid.
    """
    found = await connection.execute(_ROWS, {"after": after, "at_once": at_once})
    rows = [StatusColumns._make(row) for row in found]
    newer = {row.endpoint_id: row for row in rows if visited_at(row.key) != row.ended_at}
    statuses = await _statuses(connection, newer, parts) if newer else ()
    is_last = len(rows) < at_once
    return Part(statuses=statuses, last_id=None if is_last else rows[-1].endpoint_id)


async def _statuses(
    connection: AsyncConnection, rows: Mapping[int, StatusColumns], parts: KnownParts
) -> list[EndpointStatus]:
    """The statuses of ``rows``, which are by their endpoint ids, in ascending order."""
    these = {"first": min(rows), "last": max(rows)}
    facts = (await connection.execute(_FACTS, these)).all()
    opened = [FindingColumns._make(row) for row in await connection.execute(_FINDINGS, these)]
    results = await read_results(connection, opened)
    verdicts = (await connection.execute(_COMPLIANCE, these)).all()

    def build() -> list[EndpointStatus]:
        facts_by = {one: decode_facts(text, parts) for one, text in facts if one in rows}
        findings_by: dict[int, list[Finding]] = {}
        for one in opened:
            if (row := rows.get(one.endpoint_id)) is not None:
                finding = finding_of(one, results[one.result_id], row.key, row.assessed_at)
                findings_by.setdefault(one.endpoint_id, []).append(finding)
        verdicts_of = verdicts_by(verdicts)
        return [
            status_of(
                row, facts_by[one], findings_by.get(one, ()), verdicts_of.get(one, NO_VERDICTS)
            )
            for one, row in rows.items()
        ]

    return await asyncio.to_thread(build)
