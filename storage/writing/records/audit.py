"""Stores entries of the audit log."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from model.query import AuditEntry
from storage.rows.record_tables import AuditRow


async def add_audit_entry(connection: AsyncConnection, entry: AuditEntry) -> None:
    """Store ``entry``; the caller commits, together with the change itself if the database holds it."""
    await connection.execute(insert(AuditRow).values(**asdict(entry)))
