"""The JSON of answers about the service and what it does as types, for the OpenAPI document."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from model.records.probe_record import ProbeState
from service.http.api.answers import CountedPage, Item, Observation, Page


class Event(Item):
    """Something that happened to the service itself."""

    at: datetime
    kind: str
    message: str
    endpoint: str | None


class Events(Page):
    """Service events, newest first."""

    items: list[Event]


class AuditEntry(Item):
    """A change that a client or a signal made."""

    at: datetime
    actor: str
    method: str
    role: str
    address: str | None
    action: str
    subject: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditEntries(Page):
    """The audit log, newest first."""

    items: list[AuditEntry]


class Source(Item):
    """A discovery source; `warning` says which entries yield no target."""

    name: str
    targets: int
    error: str | None
    warning: str | None


class Sources(CountedPage):
    """The discovery sources."""

    items: list[Source]


class ReportFormat(Item):
    """A format of reports."""

    name: str
    media_type: str
    description: str


class ReportFormats(CountedPage):
    """The formats of reports."""

    items: list[ReportFormat]


class ProbeStep(BaseModel):
    """A step of a probe."""

    number: int
    message: str


class Probe(Item):
    """A probe that a client started."""

    id: str
    target: str
    module: str
    checks: list[str]
    by: str
    state: ProbeState
    created_at: datetime
    ended_at: datetime | None
    failure: str | None
    steps: list[ProbeStep] = Field(description="the last 100; none an hour after the end")
    observations: int = Field(description="how many addresses were probed")


class Probes(CountedPage):
    """The probes that clients started, newest first."""

    items: list[Probe]


class ProbeResult(BaseModel):
    """What a probe found at each address."""

    observations: list[Observation]


class Health(BaseModel):
    """The status of the service, as `/-/status` has it."""

    model_config = ConfigDict(extra="allow")

    version: str
    started_at: datetime
    endpoints: int
    lag_seconds: float
