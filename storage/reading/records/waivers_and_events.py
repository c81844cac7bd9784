"""Reads values as they were stored: waivers, API targets, service events, and the alerts that notifiers have reported."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.encoding.alert_json import alert_from_json
from model.encoding.finding_json import waiver_from_json
from model.encoding.observation_json import target_from_json
from model.findings.alert import Alert
from model.findings.finding import Waiver
from model.query import ServiceEvent
from model.target import Target
from storage.rows.record_tables import ApiTargetRow, EventRow, ReportedAlertRow, WaiverRow


async def read_waivers(connection: AsyncConnection) -> list[Waiver]:
    """All waivers, by name.

    Raises:
        ValueError: if this version cannot read one of them.
    """
    found = await connection.scalars(select(WaiverRow.fields).order_by(WaiverRow.name))
    try:
        return [waiver_from_json(fields) for fields in found]
    except KeyError as error:
        raise ValueError(f"not a waiver: it has no {error}") from error


async def read_api_targets(connection: AsyncConnection) -> list[Target]:
    """The targets that clients have added, by key.

    Raises:
        ValueError: if this version cannot read one of them.
    """
    found = await connection.scalars(select(ApiTargetRow.fields).order_by(ApiTargetRow.key))
    try:
        return [target_from_json(fields) for fields in found]
    except KeyError as error:
        raise ValueError(f"not a target: it has no {error}") from error


async def read_events(connection: AsyncConnection, since: datetime | None) -> list[ServiceEvent]:
    """The events from ``since`` on, newest first."""
    query = select(EventRow.at, EventRow.kind, EventRow.sentence, EventRow.endpoint_key)
    if since is not None:
        query = query.where(EventRow.at >= since)
    found = await connection.execute(query.order_by(EventRow.at.desc(), EventRow.id.desc()))
    return [
        ServiceEvent(at=row.at, kind=row.kind, sentence=row.sentence, endpoint_key=row.endpoint_key)
        for row in found
    ]


async def read_reported_alerts(connection: AsyncConnection, notifier: str) -> list[Alert]:
    """The alerts that ``notifier`` has reported and that have not ended.

    Raises:
        ValueError: if this version cannot read one of them.
    """
    found = await connection.scalars(
        select(ReportedAlertRow.fields).where(ReportedAlertRow.notifier == notifier)
    )
    try:
        return [alert_from_json(fields) for fields in found]
    except KeyError as error:
        raise ValueError(f"not an alert: it has no {error}") from error
