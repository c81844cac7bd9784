"""Current and past findings and compliance."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from datetime import datetime
from sys import intern
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.findings.finding import Finding
from model.query import ComplianceCount, Opening, Selection
from model.verdict import Verdict
from storage.reading.places import conditions
from storage.rows.findings import (
    FINDING_COLUMNS,
    finding_of,
    newest_openings,
    read_results,
)
from storage.rows.statuses import PolicyVerdicts, verdicts_by
from storage.rows.tables import (
    ComplianceRow,
    EndpointRow,
    FindingRow,
    PolicyRow,
    StatusRow,
    TargetRow,
)


async def read_findings(
    connection: AsyncConnection, selection: Selection, *, with_resolved: bool
) -> list[Finding]:
    """The Findings with their evidence, ordered by endpoint, policy and rule.

    Raises:
        ValueError: if stored evidence is invalid.
    """
    wanted = [] if with_resolved else [FindingRow.resolved_at.is_(None)]
    rows = await _rows(connection, selection, wanted, FindingRow.evidence)
    results = await read_results(connection, rows)
    newest = newest_openings(rows, results).values()

    def decode() -> list[Finding]:
        found = [
            finding_of(row, results[row.result_id], row.key, row.assessed_at, row.evidence)
            for row in newest
        ]
        return sorted(found, key=lambda one: (one.endpoint_key, one.result.policy, one.result.rule))

    return await asyncio.to_thread(decode)


async def read_open_findings(
    connection: AsyncConnection, selection: Selection
) -> dict[str, list[Finding]]:
    """The open Findings by endpoint key, without evidence."""
    rows = await _rows(connection, selection, [FindingRow.resolved_at.is_(None)])
    return await _by_endpoint(connection, rows)


async def read_resolved_findings(
    connection: AsyncConnection, selection: Selection
) -> dict[str, list[Finding]]:
    """All resolved openings by endpoint key, without evidence; older openings of a Finding come first."""
    rows = await _rows(connection, selection, [FindingRow.resolved_at.is_not(None)])
    return await _by_endpoint(connection, rows)


async def read_openings(
    connection: AsyncConnection, endpoint_key: str, identity: tuple[str, str]
) -> list[Opening]:
    """Every opening of the endpoint's Finding of this policy and rule, newest first.

    Raises:
        ValueError: if stored evidence is invalid.
    """
    selection = Selection(keys=frozenset({endpoint_key}))
    rows = await _rows(connection, selection, [], FindingRow.opened_at, FindingRow.evidence)
    results = await read_results(connection, rows)
    wanted = [row for row in reversed(rows) if results[row.result_id].identity == identity]

    def decode() -> list[Opening]:
        found = []
        for row in wanted:
            life = finding_of(row, results[row.result_id], row.key, row.assessed_at, row.evidence)
            opening = Opening(
                result=life.result, opened_at=row.opened_at, resolved_at=life.resolved_at
            )
            found.append(opening)
        return found

    return await asyncio.to_thread(decode)


async def read_findings_at(
    connection: AsyncConnection, selection: Selection, moment: datetime
) -> dict[str, list[Finding]]:
    """The Findings that were open at ``moment`` by endpoint key, without evidence.

    Their texts are the newest ones of that opening.
    """
    wanted = [
        FindingRow.opened_at <= moment,
        or_(FindingRow.resolved_at.is_(None), FindingRow.resolved_at > moment),
    ]
    return await _by_endpoint(connection, await _rows(connection, selection, wanted), moment)


async def read_compliance(
    connection: AsyncConnection, selection: Selection
) -> dict[str, PolicyVerdicts]:
    """The current verdicts by endpoint key."""
    return await _compliance(connection, selection, [ComplianceRow.until_at.is_(None)])


async def read_compliance_at(
    connection: AsyncConnection, selection: Selection, moment: datetime
) -> dict[str, PolicyVerdicts]:
    """The verdicts at ``moment`` by endpoint key."""
    wanted = [
        ComplianceRow.from_at <= moment,
        or_(ComplianceRow.until_at.is_(None), ComplianceRow.until_at > moment),
    ]
    return await _compliance(connection, selection, wanted)


async def read_compliance_counts(
    connection: AsyncConnection, moments: Sequence[datetime]
) -> list[ComplianceCount]:
    """How many endpoints had each verdict of each policy at each of the ``moments``, in one statement."""
    if not moments:
        return []
    has_ended = ComplianceRow.until_at.is_not(None)
    columns = [
        func.sum(
            case(
                (ComplianceRow.from_at > moment, 0),
                (and_(has_ended, ComplianceRow.until_at <= moment), 0),
                else_=1,
            )
        )
        for moment in moments
    ]
    found = await connection.execute(
        select(PolicyRow.name, ComplianceRow.verdict, *columns)
        .join(PolicyRow, PolicyRow.id == ComplianceRow.policy_id)
        .where(or_(ComplianceRow.until_at.is_(None), ComplianceRow.until_at > min(moments)))
        .group_by(PolicyRow.name, ComplianceRow.verdict)
    )
    return [
        ComplianceCount(at=at, policy=policy, verdict=Verdict(verdict), endpoints=count)
        for policy, verdict, *counts in found
        for at, count in zip(moments, counts, strict=True)
        if count
    ]


async def _compliance(
    connection: AsyncConnection, selection: Selection, wanted: Iterable[ColumnElement[bool]]
) -> dict[str, PolicyVerdicts]:
    found = await connection.execute(
        select(EndpointRow.key, PolicyRow.name, PolicyRow.digest, ComplianceRow.verdict)
        .join(PolicyRow, PolicyRow.id == ComplianceRow.policy_id)
        .join(EndpointRow, EndpointRow.id == ComplianceRow.endpoint_id)
        .join(TargetRow, TargetRow.id == EndpointRow.target_id)
        .where(*wanted, *conditions(selection))
    )
    return verdicts_by(found)


async def _rows(
    connection: AsyncConnection,
    selection: Selection,
    wanted: Iterable[ColumnElement[bool]],
    *more_columns: Any,
) -> list[Row[*tuple[Any, ...]]]:
    found = await connection.execute(
        select(*FINDING_COLUMNS, EndpointRow.key, StatusRow.assessed_at, *more_columns)
        .join(EndpointRow, EndpointRow.id == FindingRow.endpoint_id)
        .join(TargetRow, TargetRow.id == EndpointRow.target_id)
        .join(StatusRow, StatusRow.endpoint_id == EndpointRow.id)
        .where(*wanted, *conditions(selection))
        .order_by(FindingRow.id)
    )
    return list(found)


async def _by_endpoint(
    connection: AsyncConnection,
    rows: Sequence[Row[*tuple[Any, ...]]],
    moment: datetime | None = None,
) -> dict[str, list[Finding]]:
    results = await read_results(connection, rows)

    def decode() -> dict[str, list[Finding]]:
        found: dict[str, list[Finding]] = {}
        for row in rows:
            assessed_at = row.assessed_at if moment is None else min(moment, row.assessed_at)
            key = intern(row.key)
            finding = finding_of(row, results[row.result_id], key, assessed_at)
            found.setdefault(key, []).append(finding)
        return found

    return await asyncio.to_thread(decode)
