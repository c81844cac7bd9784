"""Stores the targets that clients add through the API."""

from __future__ import annotations

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.encoding.observation_json import target_from_json, target_to_json
from model.ports import TargetChange
from model.target import Target
from storage.rows.record_tables import ApiTargetRow
from storage.writing.records.audit import add_audit_entry


async def change_api_target(connection: AsyncConnection, key: str, change: TargetChange) -> None:
    """Store what ``change`` makes of the target, with its entry of the audit log."""
    fields = await connection.scalar(select(ApiTargetRow.fields).where(ApiTargetRow.key == key))
    after, entry = change(None if fields is None else target_from_json(fields))
    await connection.execute(delete(ApiTargetRow).where(ApiTargetRow.key == key))
    if after is not None:
        await _add(connection, after)
    await add_audit_entry(connection, entry)


async def _add(connection: AsyncConnection, target: Target) -> None:
    await connection.execute(
        insert(ApiTargetRow).values(key=target.key, fields=target_to_json(target))
    )
