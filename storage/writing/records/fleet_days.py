"""Stores the count of the fleet for each day."""

from __future__ import annotations

from datetime import UTC

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from model.records.fleet_count import FleetCount, counts_to_json
from storage.rows.record_tables import FleetDayRow


async def put_fleet_count(connection: AsyncConnection, count: FleetCount) -> None:
    """Store the count in place of an earlier one of its day."""
    midnight = count.at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    await connection.execute(delete(FleetDayRow).where(FleetDayRow.day == midnight))
    await connection.execute(insert(FleetDayRow).values(day=midnight, counts=counts_to_json(count)))
