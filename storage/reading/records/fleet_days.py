"""Reads the count of the fleet for each day."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.records.fleet_count import FleetCount, counts_from_json
from storage.rows.record_tables import FleetDayRow


async def read_fleet_counts(connection: AsyncConnection, since: datetime) -> list[FleetCount]:
    """The counts of the days from ``since`` on, oldest first.

    Raises:
        ValueError: if this version cannot read one of them.
    """
    query = select(FleetDayRow.day, FleetDayRow.counts).where(FleetDayRow.day >= since)
    found = await connection.execute(query.order_by(FleetDayRow.day))
    return [counts_from_json(row.counts, row.day) for row in found]
