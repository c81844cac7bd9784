"""The newest status of every endpoint: its facts, the newest visit that learnt them, its Findings.

Facts come without their evidence, which ``latest`` has. They are those of the visit that first learnt
them; time, cost, mode and reason are the newest visit's. A row's facts never change, so each row is
decoded once, outside the event loop, and successive calls share the values: asking often is cheap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.finding import Finding
from model.observation import Cost, Mode, Observation
from model.query import EVERYWHERE, Selection
from model.snapshot import EndpointStatus
from model.verdict import Verdict
from storage.body import Body, decode_body
from storage.reading.findings import read_compliance, read_open_findings
from storage.reading.places import conditions, with_target
from storage.tables import EndpointRow, ObservationRow, StatusRow, TargetRow

_ROWS_AT_ONCE = 500


class StatusReader:
    """Reads statuses, and keeps the facts that it has decoded for the next time."""

    def __init__(self) -> None:
        self._facts: Mapping[int, Observation] = {}

    async def read(self, connection: AsyncConnection) -> list[EndpointStatus]:
        """The newest status of every endpoint, ordered by endpoint key.

        Raises:
            ValueError: for a body that no Observation was written to.
        """
        statuses, self._facts = await _statuses(connection, EVERYWHERE, self._facts)
        return sorted(statuses, key=lambda status: status.observation.endpoint.key)

    async def read_some(
        self, connection: AsyncConnection, selection: Selection
    ) -> list[EndpointStatus]:
        """The newest status of each endpoint of the selection, in any order.

        Raises:
            ValueError: for a body that no Observation was written to.
        """
        statuses, _ = await _statuses(connection, selection, {})
        return statuses


async def _statuses(
    connection: AsyncConnection, selection: Selection, known: Mapping[int, Observation]
) -> tuple[list[EndpointStatus], Mapping[int, Observation]]:
    """The statuses, and the facts of each observation that they show."""
    rows = (await connection.execute(status_rows(selection))).all()
    # A mapping of this call's own: another call may see other rows.
    facts = await decode(connection, [row.observation_id for row in rows], known)
    findings = await read_open_findings(connection, selection)
    compliance = await read_compliance(connection, selection)
    statuses = await asyncio.to_thread(
        lambda: [
            status_of(
                row,
                facts[row.observation_id],
                findings.get(row.key, ()),
                compliance.get(row.key, {}),
            )
            for row in rows
        ]
    )
    return statuses, facts


def status_rows(selection: Selection) -> Select[*tuple[Any, ...]]:
    """The rows that ``status_of`` reads."""
    return (
        select(*StatusRow.__table__.columns, EndpointRow.key, TargetRow.labels, TargetRow.source)
        .join(EndpointRow, EndpointRow.id == StatusRow.endpoint_id)
        .join(TargetRow, TargetRow.id == EndpointRow.target_id)
        .where(*conditions(selection))
    )


async def decode(
    connection: AsyncConnection, ids: Sequence[int], known: Mapping[int, Observation]
) -> Mapping[int, Observation]:
    """The facts of the observations ``ids``, from ``known`` where it has them, and of no others.

    Raises:
        ValueError: for a body that no Observation was written to.
    """
    facts = {row_id: known[row_id] for row_id in ids if row_id in known}
    missing = sorted({row_id for row_id in ids if row_id not in known})
    for start in range(0, len(missing), _ROWS_AT_ONCE):
        wanted = missing[start : start + _ROWS_AT_ONCE]
        found = await connection.execute(
            select(ObservationRow.id, ObservationRow.facts).where(ObservationRow.id.in_(wanted))
        )
        facts |= await asyncio.to_thread(_decode_facts, {row.id: row.facts for row in found})
    return facts


def _decode_facts(facts: Mapping[int, bytes]) -> dict[int, Observation]:
    return {row_id: decode_body(Body(facts=raw, evidence=None)) for row_id, raw in facts.items()}


def status_of(
    row: Row[*tuple[Any, ...]],
    facts: Observation,
    findings: Sequence[Finding],
    compliance: Mapping[str, Verdict],
) -> EndpointStatus:
    """The status that a row of ``status_rows`` says, with what belongs to it."""
    observation = replace(
        with_target(facts, row.labels, row.source),
        started_at=row.started_at,
        tool_version=row.tool_version,
        mode=Mode(row.mode),
        reason=row.reason,
        cost=Cost(
            duration_seconds=row.duration_seconds,
            connections=row.connections,
            bytes_sent=row.bytes_sent,
            bytes_received=row.bytes_received,
            throttled=row.throttled,
        ),
    )
    return EndpointStatus(
        observation=observation,
        last_probe_at=row.started_at + timedelta(seconds=row.duration_seconds),
        last_success_at=row.last_success_at,
        consecutive_failures=row.consecutive_failures,
        interval_seconds=row.interval_seconds,
        findings=tuple(findings),
        compliance=compliance,
        config_changed_at=row.config_changed_at,
        certificate_changed_at=row.certificate_changed_at,
    )
