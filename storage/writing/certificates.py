"""Writes each certificate once, by its hash, and which observations saw it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from model.certificates.certificate import Certificate
from model.observation import Observation
from storage.rows.tables import CertificateRow, ObservationCertificateRow
from storage.writing.insert_new import insert_new


async def write_certificates(
    connection: AsyncConnection,
    observations: Mapping[int, Observation],
    *,
    without_der: Collection[int] = (),
) -> None:
    """Write the certificates of new observations, by their ids; for some, only that they were seen."""
    served: dict[str, bytes | None] = {}
    for observation_id, observation in observations.items():
        for one in _certificates(observation):
            der = None if observation_id in without_der else one.der
            served[one.sha256] = served.get(one.sha256) or der
    if not served:
        return
    has_der = await _known(connection, served)
    await insert_new(
        connection,
        CertificateRow,
        [
            {"sha256": sha256, "der": der}
            for sha256, der in sorted(served.items())
            if sha256 not in has_der
        ],
    )
    for sha256, der in sorted(served.items()):
        if der is not None and has_der.get(sha256) is False:
            await connection.execute(
                update(CertificateRow).where(CertificateRow.sha256 == sha256).values(der=der)
            )
    found = await connection.execute(
        select(CertificateRow.sha256, CertificateRow.id).where(CertificateRow.sha256.in_(served))
    )
    ids = {row.sha256: row.id for row in found}
    await connection.execute(
        insert(ObservationCertificateRow),
        [
            {"observation_id": observation_id, "certificate_id": ids[sha256]}
            for observation_id, observation in observations.items()
            for sha256 in sorted({one.sha256 for one in _certificates(observation)})
        ],
    )


async def _known(connection: AsyncConnection, hashes: Iterable[str]) -> dict[str, bool]:
    """The known hashes among the given ones, and whether each has its raw certificate."""
    found = await connection.execute(
        select(CertificateRow.sha256, CertificateRow.der.is_not(None).label("has_der")).where(
            CertificateRow.sha256.in_(hashes)
        )
    )
    return {row.sha256: row.has_der for row in found}


def _certificates(observation: Observation) -> Iterable[Certificate]:
    return (item for deployment in observation.certificates for item in deployment.chain)
