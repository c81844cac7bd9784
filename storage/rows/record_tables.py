"""The tables of the service's records: waivers, targets of the API, events, the audit log and others."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from storage.rows.columns import UtcDateTime
from storage.rows.table import ROW_ID, Table


class WaiverRow(Table):
    """A Waiver that was added through the API, not in a file."""

    __tablename__ = "waivers"

    name: Mapped[str] = mapped_column(String, primary_key=True)
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ApiTargetRow(Table):
    """A target that a client added through the API; ``fields`` are the JSON of ``target_to_json``."""

    __tablename__ = "api_targets"

    key: Mapped[str] = mapped_column(String, primary_key=True)
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)


class ResourceClaimRow(Table):
    """A claim about a resource that no target has, by the key of the claim; ``fields`` are its JSON."""

    __tablename__ = "resource_claims"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)


class TrailEventRow(Table):
    """A resource that a TrailEvent names; ``fields`` are the JSON of an Attribution with its call."""

    __tablename__ = "trail_events"

    resource: Mapped[str] = mapped_column(String, primary_key=True)
    event_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    account: Mapped[str] = mapped_column(String(16))
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)


class ReportedAlertRow(Table):
    """An Alert that a notifier has reported and that has not ended since; the table still has its first name."""

    __tablename__ = "told_notices"

    notifier: Mapped[str] = mapped_column(String, primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)


class EventRow(Table):
    """A ServiceEvent; ``endpoint_key`` is not a foreign key, because the event outlives the endpoint."""

    __tablename__ = "service_events"

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    kind: Mapped[str] = mapped_column(String)
    sentence: Mapped[str] = mapped_column(JSON)
    endpoint_key: Mapped[str | None] = mapped_column(String)


class AuditRow(Table):
    """An AuditEntry. Names may be any text that a client sends, so they are JSON."""

    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor: Mapped[str] = mapped_column(JSON)
    method: Mapped[str] = mapped_column(String(16))
    role: Mapped[str] = mapped_column(String(16))
    address: Mapped[str | None] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(JSON)
    before: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    after: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class ProbeRow(Table):
    """A probe that a client requested: the JSON of its ProbeRecord, and of its Observations, compressed."""

    __tablename__ = "probes"

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True)
    name: Mapped[str] = mapped_column(String(32), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    fields: Mapped[dict[str, Any]] = mapped_column(JSON)
    results: Mapped[bytes] = mapped_column(LargeBinary)


class FleetDayRow(Table):
    """The last FleetCount of a day, as JSON; ``day`` is its midnight in UTC."""

    __tablename__ = "fleet_days"

    day: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    counts: Mapped[dict[str, Any]] = mapped_column(JSON)
