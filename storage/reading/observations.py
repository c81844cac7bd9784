"""Reads due times, an endpoint's newest facts with their evidence, its past ones, and raw certificates."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

from sqlalchemy import Row, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.encoding.known_parts import KnownParts
from model.endpoint_state.schedule import Schedule
from model.observation import Observation
from storage.reading.places import has_key_of, with_target
from storage.rows.body import Body, decode_body
from storage.rows.tables import (
    CertificateRow,
    EndpointRow,
    EvidenceRow,
    ObservationCertificateRow,
    ObservationRow,
    StatusRow,
    TargetRow,
    VisitRow,
)

_Rows: TypeAlias = Sequence[Row[*tuple[Any, ...]]]
_Ders: TypeAlias = Mapping[str, bytes | None]
"""Certificates by their SHA-256."""


WITH_EVIDENCE: Final = (
    ObservationRow.id,
    ObservationRow.facts,
    EvidenceRow.proofs,
    TargetRow.labels,
    TargetRow.claims,
    TargetRow.source,
)
"""The columns from which an Observation with its evidence is decoded."""

_MOST_SEARCHED: Final = 10
"""How many of an endpoint's newest stretches are searched for one that was answered."""


async def read_schedules(connection: AsyncConnection) -> list[Schedule]:
    """The due time of every endpoint, soonest first."""
    found = await connection.execute(
        select(
            EndpointRow.key,
            StatusRow.due_at,
            StatusRow.interval_seconds,
            StatusRow.consecutive_failures,
            StatusRow.enumerated_at,
        )
        .join(EndpointRow, EndpointRow.id == StatusRow.endpoint_id)
        .order_by(StatusRow.due_at)
    )
    return [
        Schedule(
            endpoint_key=key,
            due_at=due_at,
            interval_seconds=interval_seconds,
            consecutive_failures=consecutive_failures,
            enumerated_at=enumerated_at,
        )
        for key, due_at, interval_seconds, consecutive_failures, enumerated_at in found
    ]


async def read_observations(
    connection: AsyncConnection, endpoint_key: str, limit: int
) -> list[Observation]:
    """The facts of at most ``limit`` stretches of visits to one endpoint, newest first.

    Raises:
        ValueError: if a stored body is invalid.
    """
    rows, ders = await _newest(connection, endpoint_key, limit)
    return await asyncio.to_thread(_decoded, rows, ders)


async def _newest(
    connection: AsyncConnection, endpoint_key: str, limit: int
) -> tuple[_Rows, _Ders]:
    """The rows of the newest stretches, and the certificates that their observations saw."""
    found = await connection.execute(
        select(*WITH_EVIDENCE)
        .join(VisitRow, VisitRow.observation_id == ObservationRow.id)
        .outerjoin(EvidenceRow, EvidenceRow.observation_id == ObservationRow.id)
        .join(EndpointRow, EndpointRow.id == ObservationRow.endpoint_id)
        .join(TargetRow, TargetRow.id == EndpointRow.target_id)
        .where(has_key_of([endpoint_key]))
        .order_by(VisitRow.id.desc())
        .limit(limit)
    )
    rows = found.all()
    return rows, await _ders_of(connection, [row.id for row in rows])


async def _ders_of(connection: AsyncConnection, observation_ids: Sequence[int]) -> _Ders:
    """The certificates that these observations saw, by their SHA-256."""
    found = await connection.execute(certificates_of(observation_ids))
    return {row.sha256: row.der for row in found}


def certificates_of(observation_ids: Sequence[int]) -> Select[str, bytes | None]:
    """The certificates that any of these observations saw: SHA-256 and DER."""
    seen = select(ObservationCertificateRow.certificate_id).where(
        ObservationCertificateRow.observation_id.in_(observation_ids)
    )
    return select(CertificateRow.sha256, CertificateRow.der).where(CertificateRow.id.in_(seen))


async def decode_rows(connection: AsyncConnection, rows: _Rows) -> list[Observation]:
    """The Observations of rows with a body, proofs and a target.

    Raises:
        ValueError: if a stored body is invalid.
    """
    ders = await _ders_of(connection, [row.id for row in rows])
    return await asyncio.to_thread(_decoded, rows, ders)


def _decoded(rows: _Rows, ders: _Ders, parts: KnownParts | None = None) -> list[Observation]:
    return [
        with_target(decode_body(Body(facts=row.facts, proofs=row.proofs), ders, parts), row)
        for row in rows
    ]


async def read_latest(
    connection: AsyncConnection, endpoint_key: str, *, answered: bool = False
) -> Observation | None:
    """The newest of ``read_observations``, or of those answered as TLS; its certificates have their DER.

    Raises:
        ValueError: if a stored body is invalid.
    """
    rows, ders = await _newest(connection, endpoint_key, _MOST_SEARCHED if answered else 1)
    found = await asyncio.to_thread(_decoded, rows, ders)
    newest = next((one for one in found if one.answered or not answered), None)
    return _with_ders(newest, ders) if newest else None


async def read_latest_of(
    connection: AsyncConnection, endpoint_keys: Collection[str], parts: KnownParts
) -> dict[str, Observation]:
    """As ``read_latest`` for each of the endpoints, with two statements for all of them; equal ``parts`` are shared.

    Raises:
        ValueError: if a stored body is invalid.
    """
    found = await connection.execute(
        select(EndpointRow.key, *WITH_EVIDENCE)
        .join(StatusRow, StatusRow.endpoint_id == EndpointRow.id)
        .join(ObservationRow, ObservationRow.id == StatusRow.observation_id)
        .outerjoin(EvidenceRow, EvidenceRow.observation_id == ObservationRow.id)
        .join(TargetRow, TargetRow.id == EndpointRow.target_id)
        .where(has_key_of(endpoint_keys))
    )
    rows = found.all()
    ders = await _ders_of(connection, [row.id for row in rows])

    def decoded() -> dict[str, Observation]:
        observations = _decoded(rows, ders, parts)
        return {row.key: _with_ders(one, ders) for row, one in zip(rows, observations, strict=True)}

    return await asyncio.to_thread(decoded)


def _with_ders(observation: Observation, ders: _Ders) -> Observation:
    deployments = (
        replace(
            deployment,
            chain=tuple(replace(one, der=ders.get(one.sha256)) for one in deployment.chain),
        )
        for deployment in observation.certificates
    )
    return replace(observation, certificates=tuple(deployments))


async def read_certificate(connection: AsyncConnection, sha256: str) -> bytes | None:
    """The raw DER stored under ``sha256``, in lower-case hex."""
    der: bytes | None = await connection.scalar(
        select(CertificateRow.der).where(CertificateRow.sha256 == sha256)
    )
    return der
