"""Stores who caused Changes, and what audit trails report on their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from model.comparisons.attribution import Attribution, TrailEvent
from model.encoding.change_json import attribution_to_store
from storage.rows.record_tables import TrailEventRow
from storage.rows.tables import ChangeRow
from storage.writing.insert_new import insert_new


async def put_attributions(connection: AsyncConnection, found: Mapping[int, Attribution]) -> None:
    """Store the attribution of each Change, by its identifier; one that was deleted meanwhile is left out."""
    if found:
        await connection.execute(
            update(ChangeRow)
            .where(ChangeRow.id == bindparam("of_change"))
            .values(attribution=bindparam("found")),
            [
                {"of_change": change, "found": attribution_to_store(one)}
                for change, one in found.items()
            ],
        )


async def put_trail_events(
    connection: AsyncConnection, events: Sequence[TrailEvent], most: int
) -> None:
    """Store events, each once by its identifier, and delete the oldest rows if there are more than ``most``."""
    rows = [
        {
            "resource": resource,
            "event_id": event.call.event_id,
            "at": event.call.at,
            "account": event.account,
            "fields": attribution_to_store(Attribution(call=event.call)),
        }
        for event in events
        for resource in event.resources
    ]
    rows.sort(key=lambda row: (row["resource"], row["event_id"]))
    await insert_new(connection, TrailEventRow, rows)
    newest_first = select(TrailEventRow.at).order_by(TrailEventRow.at.desc())
    first_left_out = await connection.scalar(newest_first.offset(most).limit(1))
    if first_left_out is not None:
        await connection.execute(delete(TrailEventRow).where(TrailEventRow.at <= first_left_out))
