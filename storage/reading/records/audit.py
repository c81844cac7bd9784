"""Reads the audit log."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.query import AuditEntry
from storage.rows.record_tables import AuditRow


async def read_audit_log(
    connection: AsyncConnection, since: datetime | None, until: datetime | None, limit: int
) -> list[AuditEntry]:
    """The newest ``limit`` entries from ``since`` to ``until``, newest first."""
    columns = [one for one in AuditRow.__table__.columns if one.name != "id"]
    query = select(*columns)
    if since is not None:
        query = query.where(AuditRow.at >= since)
    if until is not None:
        query = query.where(AuditRow.at <= until)
    newest_first = query.order_by(AuditRow.at.desc(), AuditRow.id.desc()).limit(limit)
    found = await connection.execute(newest_first)
    return [AuditEntry(**row) for row in found.mappings()]
