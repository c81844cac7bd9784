"""The inventory as it was known at a past time: facts, Findings and compliance."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from sqlalchemy import Row, Select, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.encoding.known_parts import KnownParts
from model.findings.finding import Finding
from model.observation import ANSWERED, Observation
from model.query import Selection
from model.snapshot import EndpointStatus, Snapshot
from model.target import key_order
from model.verdict import Verdict
from storage.reading.findings import read_compliance_at, read_findings_at
from storage.reading.observations import WITH_EVIDENCE, decode_rows
from storage.reading.places import conditions, has_key_of, with_target
from storage.reading.records.resource_claims import read_resource_claims_at
from storage.reading.statuses import decode
from storage.rows.body import decode_observation
from storage.rows.statuses import NO_VERDICTS
from storage.rows.tables import (
    ChangeRow,
    EndpointRow,
    EvidenceRow,
    ObservationRow,
    StatusRow,
    TargetRow,
    VisitRow,
)

_FORGOTTEN_AFTER: Final = timedelta(days=7)
"""An endpoint that had not been visited for this long was not part of the inventory."""


async def read_snapshot_at(
    connection: AsyncConnection, moment: datetime, selection: Selection
) -> Snapshot:
    """The endpoints whose last visit up to ``moment`` was not long before it.

    The labels and the interval are the current ones, because their past is not recorded.

    Raises:
        ValueError: if a stored body is invalid.
    """
    rows = await _stretches_at(connection, moment, selection)
    decoded = partial(decode_observation, parts=KnownParts())
    facts = await decode(connection, [row.observation_id for row in rows], decoded)
    successes = await _last_successes(connection, moment, selection)
    changed = await _changed_at(connection, moment, selection)
    findings = await read_findings_at(connection, selection, moment)
    compliance = await read_compliance_at(connection, selection, moment)

    def build() -> tuple[EndpointStatus, ...]:
        return tuple(
            _status(
                row,
                moment,
                facts[row.observation_id],
                successes.get(row.key),
                changed.get(row.key, {}),
                (findings.get(row.key, ()), compliance.get(row.key, NO_VERDICTS).compliance),
            )
            for row in rows
        )

    claims = await read_resource_claims_at(connection, moment, selection)
    return Snapshot(
        taken_at=moment, endpoints=await asyncio.to_thread(build), resource_claims=claims
    )


async def read_proved_at(
    connection: AsyncConnection, moment: datetime, endpoint_keys: Collection[str]
) -> dict[str, Observation]:
    """The facts with their evidence of each endpoint's last visit up to ``moment``, by key.

    Raises:
        ValueError: if a stored body is invalid.
    """
    found = await connection.execute(
        select(EndpointRow.key, *WITH_EVIDENCE)
        .select_from(VisitRow)
        .join(EndpointRow, EndpointRow.id == VisitRow.endpoint_id)
        .join(ObservationRow, ObservationRow.id == VisitRow.observation_id)
        .outerjoin(EvidenceRow, EvidenceRow.observation_id == ObservationRow.id)
        .join(TargetRow, TargetRow.id == EndpointRow.target_id)
        .where(VisitRow.id.in_(_newest_ids(moment)), has_key_of(endpoint_keys))
    )
    rows = found.all()
    observations = await decode_rows(connection, rows)
    return {row.key: one for row, one in zip(rows, observations, strict=True)}


def _newest_ids(moment: datetime) -> Select[int]:
    """The last visits of all endpoints up to ``moment``."""
    return (
        select(func.max(VisitRow.id))
        .where(VisitRow.first_at <= moment)
        .group_by(VisitRow.endpoint_id)
    )


async def _stretches_at(
    connection: AsyncConnection, moment: datetime, selection: Selection
) -> Sequence[Row[*tuple[Any, ...]]]:
    end = func.coalesce(VisitRow.last_at, StatusRow.started_at)
    found = await connection.execute(
        select(
            EndpointRow.key,
            VisitRow.observation_id,
            end.label("last_at"),
            case((VisitRow.last_at.is_(None), StatusRow.duration_seconds), else_=0.0).label("took"),
            func.coalesce(VisitRow.visits, StatusRow.visits).label("visits"),
            StatusRow.interval_seconds,
            TargetRow.labels,
            TargetRow.claims,
            TargetRow.source,
        )
        .join(EndpointRow, EndpointRow.id == VisitRow.endpoint_id)
        .join(TargetRow, TargetRow.id == EndpointRow.target_id)
        .join(StatusRow, StatusRow.endpoint_id == EndpointRow.id)
        .where(
            VisitRow.id.in_(_newest_ids(moment)),
            or_(VisitRow.last_at.is_(None), VisitRow.last_at >= moment - _FORGOTTEN_AFTER),
            StatusRow.started_at >= moment - _FORGOTTEN_AFTER,
            *conditions(selection),
        )
    )
    return sorted(found, key=lambda row: key_order(str(row.key)))


async def _last_successes(
    connection: AsyncConnection, moment: datetime, selection: Selection
) -> dict[str, datetime]:
    end = func.coalesce(VisitRow.last_at, StatusRow.last_success_at)
    found = await connection.execute(
        select(EndpointRow.key, func.max(end))
        .join(VisitRow, VisitRow.endpoint_id == EndpointRow.id)
        .join(ObservationRow, ObservationRow.id == VisitRow.observation_id)
        .join(TargetRow, TargetRow.id == EndpointRow.target_id)
        .join(StatusRow, StatusRow.endpoint_id == EndpointRow.id)
        .where(
            VisitRow.first_at <= moment,
            ObservationRow.state.in_(ANSWERED),
            *conditions(selection),
        )
        .group_by(EndpointRow.key)
    )
    return {key: min(at, moment) for key, at in found}


async def _changed_at(
    connection: AsyncConnection, moment: datetime, selection: Selection
) -> dict[str, dict[bool, datetime]]:
    """When facts last changed, by endpoint key and whether the fact was a leaf."""
    is_leaf = ChangeRow.fact.endswith(".leaf")
    found = await connection.execute(
        select(EndpointRow.key, is_leaf, func.max(ChangeRow.at))
        .join(EndpointRow, EndpointRow.id == ChangeRow.endpoint_id)
        .join(TargetRow, TargetRow.id == EndpointRow.target_id)
        .where(
            ChangeRow.at <= moment,
            ChangeRow.fact.not_in(("state", "flapping")),
            *conditions(selection),
        )
        .group_by(EndpointRow.key, is_leaf)
    )
    changed: dict[str, dict[bool, datetime]] = {}
    for key, has_leaf, at in found:
        changed.setdefault(key, {})[bool(has_leaf)] = at
    return changed


def _status(
    row: Row[*tuple[Any, ...]],
    moment: datetime,
    facts: Observation,
    last_success_at: datetime | None,
    changed: Mapping[bool, datetime],
    judged: tuple[Sequence[Finding], Mapping[str, Verdict]],
) -> EndpointStatus:
    findings, compliance = judged
    started_at = min(row.last_at, moment)
    # Only the newest visit's duration is stored.
    last_probe_at = min(row.last_at + timedelta(seconds=row.took), moment)
    failures = 0 if facts.answered else row.visits if row.last_at <= moment else 1
    return EndpointStatus(
        observation=replace(with_target(facts, row), started_at=started_at),
        last_probe_at=last_probe_at,
        last_success_at=last_success_at,
        consecutive_failures=failures,
        interval_seconds=row.interval_seconds,
        findings=tuple(findings),
        compliance=compliance,
        config_changed_at=max(changed.values(), default=None),
        certificate_changed_at=changed.get(True),
    )
