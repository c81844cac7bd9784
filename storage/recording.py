"""Writes a batch of visits: which rows are new, and which only move on.

A visit that learnt what the endpoint's newest row already says moves that row's ``last_seen_at``
and cost; one that learnt anything else adds a row. History so costs what changes, not what time
passes. Certificates are kept once, by their hash.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from model.certificate import Certificate
from model.observation import Observation
from model.observation_json import facts_digest
from model.ports import Schedule
from model.target import Target
from storage.body import encode_body
from storage.tables import (
    CertificateRow,
    EndpointRow,
    ObservationCertificateRow,
    ObservationRow,
    ScheduleRow,
    TargetRow,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What one visit hands to the store; ``digest`` identifies its facts."""

    observation: Observation
    schedule: Schedule
    digest: str

    @classmethod
    def of(cls, observation: Observation, schedule: Schedule) -> Visit:
        """The visit with its digest.

        Raises:
            ValueError: where the schedule is another endpoint's.
        """
        if schedule.endpoint_key != observation.endpoint.key:
            raise ValueError(
                f"the schedule of {schedule.endpoint_key} came with an observation of "
                f"{observation.endpoint.key}"
            )
        return cls(observation=observation, schedule=schedule, digest=facts_digest(observation))


async def write_visits(connection: AsyncConnection, visits: Sequence[Visit]) -> None:
    """Write ``visits`` in their order; the caller commits."""
    async with AsyncSession(connection, expire_on_commit=False) as session:
        targets = await _write_targets(session, visits)
        endpoints = await _write_endpoints(session, visits, targets)
        await _write_schedules(session, visits, endpoints)
        await _write_certificates(session, visits)
        await _write_observations(session, visits, endpoints)
        await session.flush()


async def _write_targets(session: AsyncSession, visits: Sequence[Visit]) -> dict[str, TargetRow]:
    newest = {
        visit.observation.endpoint.target.key: visit.observation.endpoint.target for visit in visits
    }
    found = await session.scalars(select(TargetRow).where(TargetRow.key.in_(newest)))
    rows = {row.key: row for row in found}
    for key, target in newest.items():
        if key in rows:
            rows[key].labels = dict(target.labels)
            rows[key].source = target.source
        else:
            rows[key] = _target_row(target)
            session.add(rows[key])
    await session.flush()
    return rows


def _target_row(target: Target) -> TargetRow:
    return TargetRow(
        key=target.key,
        host=target.host,
        port=target.port,
        server_name=target.server_name,
        protocol=target.protocol,
        labels=dict(target.labels),
        source=target.source,
    )


async def _write_endpoints(
    session: AsyncSession, visits: Sequence[Visit], targets: dict[str, TargetRow]
) -> dict[str, EndpointRow]:
    keys = {visit.observation.endpoint.key for visit in visits}
    found = await session.scalars(select(EndpointRow).where(EndpointRow.key.in_(keys)))
    rows = {row.key: row for row in found}
    for visit in visits:
        observation, endpoint = visit.observation, visit.observation.endpoint
        if endpoint.key not in rows:
            rows[endpoint.key] = EndpointRow(
                key=endpoint.key,
                target_id=targets[endpoint.target.key].id,
                address=endpoint.address,
            )
            session.add(rows[endpoint.key])
        ended_at = observation.started_at + timedelta(seconds=observation.cost.duration_seconds)
        rows[endpoint.key].last_probe_at = ended_at
        if observation.answered_as_tls:
            rows[endpoint.key].last_success_at = ended_at
    await session.flush()
    return rows


async def _write_schedules(
    session: AsyncSession, visits: Sequence[Visit], endpoints: dict[str, EndpointRow]
) -> None:
    ids = [row.id for row in endpoints.values()]
    found = await session.scalars(select(ScheduleRow).where(ScheduleRow.endpoint_id.in_(ids)))
    rows = {row.endpoint_id: row for row in found}
    for schedule in (visit.schedule for visit in visits):
        endpoint_id = endpoints[schedule.endpoint_key].id
        if endpoint_id not in rows:
            rows[endpoint_id] = ScheduleRow(endpoint_id=endpoint_id)
            session.add(rows[endpoint_id])
        rows[endpoint_id].due_at = schedule.due_at
        rows[endpoint_id].interval_seconds = schedule.interval_seconds
        rows[endpoint_id].consecutive_failures = schedule.consecutive_failures
        rows[endpoint_id].enumerated_at = schedule.enumerated_at


async def _write_certificates(session: AsyncSession, visits: Sequence[Visit]) -> None:
    served: dict[str, bytes | None] = {}
    for visit in visits:
        for certificate in _certificates(visit.observation):
            served[certificate.sha256] = served.get(certificate.sha256) or certificate.der
    found = await session.execute(
        select(CertificateRow.sha256, CertificateRow.der.is_not(None).label("has_der")).where(
            CertificateRow.sha256.in_(served)
        )
    )
    has_der = {row.sha256: row.has_der for row in found}
    for sha256, der in served.items():
        if sha256 not in has_der:
            session.add(CertificateRow(sha256=sha256, der=der))
        elif der is not None and not has_der[sha256]:
            await session.merge(CertificateRow(sha256=sha256, der=der))
    await session.flush()


async def _write_observations(
    session: AsyncSession, visits: Sequence[Visit], endpoints: dict[str, EndpointRow]
) -> None:
    ids = [row.id for row in endpoints.values()]
    newest_ids = (
        select(func.max(ObservationRow.id))
        .where(ObservationRow.endpoint_id.in_(ids))
        .group_by(ObservationRow.endpoint_id)
    )
    found = await session.scalars(select(ObservationRow).where(ObservationRow.id.in_(newest_ids)))
    newest = {row.endpoint_id: row for row in found}
    added: list[tuple[ObservationRow, Observation]] = []
    for visit in visits:
        endpoint_id = endpoints[visit.observation.endpoint.key].id
        row = newest.get(endpoint_id)
        if row is None or row.facts_digest != visit.digest:
            row = newest[endpoint_id] = _observation_row(endpoint_id, visit)
            session.add(row)
            added.append((row, visit.observation))
        _move_on(row, visit.observation)
    await session.flush()
    for row, observation in added:
        for sha256 in {certificate.sha256 for certificate in _certificates(observation)}:
            session.add(ObservationCertificateRow(observation_id=row.id, sha256=sha256))


def _observation_row(endpoint_id: int, visit: Visit) -> ObservationRow:
    return ObservationRow(
        endpoint_id=endpoint_id,
        facts_digest=visit.digest,
        state=visit.observation.state.value,
        first_seen_at=visit.observation.started_at,
        body=encode_body(visit.observation),
    )


def _move_on(row: ObservationRow, observation: Observation) -> None:
    cost = observation.cost
    row.last_seen_at = observation.started_at
    row.tool_version = observation.tool_version
    row.mode = observation.mode.value
    row.reason = observation.reason
    row.duration_seconds = cost.duration_seconds
    row.connections = cost.connections
    row.bytes_sent = cost.bytes_sent
    row.bytes_received = cost.bytes_received
    row.throttled = cost.throttled


def _certificates(observation: Observation) -> Iterable[Certificate]:
    return (item for deployment in observation.certificates for item in deployment.chain)
