"""Stores who caused Changes."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import bindparam, update
from sqlalchemy.ext.asyncio import AsyncConnection

from model.comparisons.attribution import Attribution
from model.encoding.change_json import attribution_to_store
from storage.rows.tables import ChangeRow


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
