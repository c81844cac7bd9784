"""Reads the probes that clients requested."""

from __future__ import annotations

import asyncio

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.records.probe_json import probe_from_json
from model.records.probe_record import ProbeRecord, ProbeResult
from storage.rows.probes import decode_results
from storage.rows.record_tables import ProbeRow


async def read_probes(connection: AsyncConnection) -> list[ProbeRecord]:
    """All of them, newest first; the Store has a bounded number.

    Raises:
        ValueError: if this version cannot read one of them.
    """
    newest_first = select(ProbeRow.fields).order_by(ProbeRow.created_at.desc(), ProbeRow.id.desc())
    return list(map(probe_from_json, await connection.scalars(newest_first)))


async def read_probe(connection: AsyncConnection, probe_id: str) -> ProbeResult | None:
    """One of them with its results.

    Raises:
        ValueError: if this version cannot read it.
    """
    query = select(ProbeRow.fields, ProbeRow.results).where(ProbeRow.name == probe_id)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        return None
    observations = await asyncio.to_thread(decode_results, row.results)
    return ProbeResult(record=probe_from_json(row.fields), observations=observations)
