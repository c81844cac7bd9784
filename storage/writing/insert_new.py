"""Inserts rows that do not exist yet, even if other writers insert them at the same time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.rows.table import Table


async def insert_new(
    connection: AsyncConnection, table: type[Table], rows: Sequence[Mapping[str, Any]]
) -> None:
    """Insert those of ``rows`` whose keys do not exist yet.

    The caller sorts them by key: two writers that insert the same keys in different orders would
    deadlock.
    """
    if not rows:
        return
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    await connection.execute(dialect.insert(table).on_conflict_do_nothing(), rows)
