"""Stores waivers, service events, and the alerts that notifiers have reported, as they are given."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import islice

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from model.encoding.alert_json import alert_to_json
from model.encoding.finding_json import waiver_to_json
from model.findings.alert import Alert
from model.findings.finding import Waiver
from model.query import ServiceEvent
from storage.rows.record_tables import EventRow, ReportedAlertRow, WaiverRow

_KEYS_AT_ONCE = 500


async def put_waiver(connection: AsyncConnection, waiver: Waiver) -> None:
    """Store ``waiver`` in place of any of the same name."""
    await remove_waiver(connection, waiver.name)
    await connection.execute(
        insert(WaiverRow).values(
            name=waiver.name, fields=waiver_to_json(waiver), expires_at=waiver.expires_at
        )
    )


async def remove_waiver(connection: AsyncConnection, name: str) -> bool:
    """Delete a waiver; returns whether there was one."""
    removed = await connection.execute(delete(WaiverRow).where(WaiverRow.name == name))
    return removed.rowcount > 0


async def add_event(connection: AsyncConnection, event: ServiceEvent) -> None:
    """Store ``event``."""
    await connection.execute(
        insert(EventRow).values(
            at=event.at,
            kind=event.kind,
            sentence=event.sentence,
            endpoint_key=event.endpoint_key,
        )
    )


async def put_reported_alerts(
    connection: AsyncConnection, notifier: str, reported: Sequence[Alert], ended: Collection[str]
) -> None:
    """Store the alerts that ``notifier`` has reported, and delete those whose keys have ended."""
    await _remove_reported(connection, notifier, {*ended, *(alert.key for alert in reported)})
    rows = [
        {"notifier": notifier, "key": alert.key, "fields": alert_to_json(alert)}
        for alert in reported
    ]
    if rows:
        await connection.execute(insert(ReportedAlertRow), rows)


async def _remove_reported(
    connection: AsyncConnection, notifier: str, keys: Collection[str]
) -> None:
    rest = iter(sorted(keys))
    while some := list(islice(rest, _KEYS_AT_ONCE)):
        await connection.execute(
            delete(ReportedAlertRow).where(
                ReportedAlertRow.notifier == notifier, ReportedAlertRow.key.in_(some)
            )
        )
