"""Reads what was written back as the model's values.

Due times, an endpoint's history and certificates; the newest statuses are ``storage.statuses``.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.observation import Observation
from model.ports import Schedule
from storage.body import decode_body
from storage.tables import CertificateRow, EndpointRow, ObservationRow, ScheduleRow, TargetRow


def with_source(observation: Observation, source: str) -> Observation:
    """The Observation with its target's source, which its JSON leaves out."""
    endpoint = observation.endpoint
    return replace(
        observation, endpoint=replace(endpoint, target=replace(endpoint.target, source=source))
    )


async def read_schedules(connection: AsyncConnection) -> list[Schedule]:
    """The due time of every endpoint, the soonest first."""
    found = await connection.execute(
        select(
            EndpointRow.key,
            ScheduleRow.due_at,
            ScheduleRow.interval_seconds,
            ScheduleRow.consecutive_failures,
            ScheduleRow.enumerated_at,
        )
        .join(EndpointRow, EndpointRow.id == ScheduleRow.endpoint_id)
        .order_by(ScheduleRow.due_at)
    )
    return [
        Schedule(
            endpoint_key=row.key,
            due_at=row.due_at,
            interval_seconds=row.interval_seconds,
            consecutive_failures=row.consecutive_failures,
            enumerated_at=row.enumerated_at,
        )
        for row in found
    ]


async def read_observations(
    connection: AsyncConnection, endpoint_key: str, limit: int
) -> list[Observation]:
    """At most ``limit`` Observations of one endpoint with differing facts, the newest first.

    Raises:
        ValueError: for a body that no Observation was written to.
    """
    found = await connection.execute(
        select(ObservationRow.body, TargetRow.source)
        .join(EndpointRow, EndpointRow.id == ObservationRow.endpoint_id)
        .join(TargetRow, TargetRow.id == EndpointRow.target_id)
        .where(EndpointRow.key == endpoint_key)
        .order_by(ObservationRow.id.desc())
        .limit(limit)
    )
    rows = found.all()
    return await asyncio.to_thread(
        lambda: [with_source(decode_body(row.body), row.source) for row in rows]
    )


async def read_latest(connection: AsyncConnection, endpoint_key: str) -> Observation | None:
    """The newest of ``read_observations``, its certificates with their DER.

    Raises:
        ValueError: for a body that no Observation was written to.
    """
    newest = await read_observations(connection, endpoint_key, 1)
    if not newest:
        return None
    observation = newest[0]
    wanted = {one.sha256 for deployment in observation.certificates for one in deployment.chain}
    found = await connection.execute(
        select(CertificateRow.sha256, CertificateRow.der).where(CertificateRow.sha256.in_(wanted))
    )
    ders = {row.sha256: row.der for row in found}
    return replace(
        observation,
        certificates=tuple(
            replace(
                deployment,
                chain=tuple(replace(one, der=ders.get(one.sha256)) for one in deployment.chain),
            )
            for deployment in observation.certificates
        ),
    )


async def read_certificate(connection: AsyncConnection, sha256: str) -> bytes | None:
    """The raw DER kept under ``sha256``, in lower-case hex."""
    der: bytes | None = await connection.scalar(
        select(CertificateRow.der).where(CertificateRow.sha256 == sha256)
    )
    return der
