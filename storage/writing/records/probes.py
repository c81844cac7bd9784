"""Stores the probes that clients requested: a bounded number, of which the newest stay."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.records.probe_json import probe_to_json
from model.records.probe_record import ProbeRecord
from storage.rows.record_tables import ProbeRow

MOST_PROBES: Final = 1000


async def add_probe(connection: AsyncConnection, record: ProbeRecord, results: bytes) -> None:
    """Store a probe that has ended, without its steps, and delete those for which there is no more place."""
    fields = probe_to_json(replace(record, steps=()))
    await connection.execute(
        insert(ProbeRow).values(
            name=record.id, created_at=record.created_at, fields=fields, results=results
        )
    )
    newest_first = select(ProbeRow.id).order_by(ProbeRow.created_at.desc(), ProbeRow.id.desc())
    # SQLite has no OFFSET without LIMIT.
    excess = list(await connection.scalars(newest_first.offset(MOST_PROBES).limit(MOST_PROBES)))
    if excess:
        await connection.execute(delete(ProbeRow).where(ProbeRow.id.in_(excess)))


async def remove_probe(connection: AsyncConnection, probe_id: str) -> bool:
    """Delete a probe; returns whether it was stored."""
    removed = await connection.execute(delete(ProbeRow).where(ProbeRow.name == probe_id))
    return removed.rowcount > 0
