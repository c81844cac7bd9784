"""The service itself: its health, its events, its discovery sources, and the audit log."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic import Field

from model.encoding.audit_json import audit_to_json
from model.encoding.times_json import time_to_json
from model.frozen import frozen
from model.query import ServiceEvent
from service.http.api import service_answers
from service.http.api.cursors import Place, place_of, row_end_of
from service.http.api.operation import Call, Json, Operation, Reply
from service.http.api.parameters import (
    COMMAS,
    ListParameters,
    Moment,
    Parameters,
    Text,
)
from service.http.api.view import counted_page, newest_page
from service.sources.target_sources import TargetSources
from storage import SqlReader


class SinceParameters(ListParameters):
    """Filters of what happened."""

    since: Moment | None = Field(None, description="only from this time on")


class EventParameters(SinceParameters):
    """Filters of service events."""

    kind: tuple[Text, ...] = Field(
        (), min_length=1, max_length=50, json_schema_extra=COMMAS, description="only of these kinds"
    )


@frozen
class ServiceApi:
    """The handlers; all but ``store`` return what is true now."""

    store: SqlReader
    status: Callable[[], Mapping[str, Any]]
    sources: Callable[[], TargetSources]

    async def health(self, _: Call[Parameters, None]) -> Reply:
        """The status."""
        return Reply(value=dict(self.status()))

    async def events(self, call: Call[EventParameters, None]) -> Reply:
        """A page of service events."""
        query = call.query
        found = await self.store.newest_events(
            query.kind, since=query.since, limit=query.limit, after=row_end_of(query.cursor)
        )
        return Reply(value=newest_page(found, (service_answers.Event, _event_json), query.fields))

    async def audit(self, call: Call[SinceParameters, None]) -> Reply:
        """A page of the audit log."""
        query = call.query
        found = await self.store.newest_audit_entries(
            since=query.since, limit=query.limit, after=row_end_of(query.cursor)
        )
        return Reply(
            value=newest_page(found, (service_answers.AuditEntry, audit_to_json), query.fields)
        )

    async def every_source(self, call: Call[ListParameters, None]) -> Reply:
        """A page of the discovery sources."""
        now = self.sources()
        errors, warnings = now.errors, now.warnings
        found = [
            {
                "name": name,
                "targets": len(targets),
                "error": errors.get(name),
                "warning": warnings.get(name),
            }
            for name, targets in now.by_source.items()
        ]
        shown = (service_answers.Source, _itself)
        return Reply(
            value=await counted_page(
                lambda: sorted(found, key=_name_place), _name_place, "name", call.query, shown
            )
        )


def _name_place(source: Json) -> Place:
    return place_of(source["name"], str(source["name"]))


def _itself(value: Json) -> Json:
    return value


def _event_json(event: ServiceEvent) -> Json:
    return {
        "at": time_to_json(event.at),
        "kind": event.kind,
        "message": event.sentence,
        "endpoint": event.endpoint_key,
    }


OPERATIONS: Final[Sequence[Operation]] = (
    Operation(
        name="get_health",
        tag="service",
        summary="The status of the service: lag, rates, sources, worst endpoints.",
        path="/health",
        handle=ServiceApi.health,
        answer=service_answers.Health,
    ),
    Operation(
        name="list_events",
        tag="service",
        summary="What happened to the service: start, stop, quarantine.",
        path="/events",
        handle=ServiceApi.events,
        query=EventParameters,
        answer=service_answers.Events,
    ),
    Operation(
        name="list_audit_entries",
        tag="service",
        summary="The audit log: who changed what.",
        path="/audit",
        handle=ServiceApi.audit,
        query=SinceParameters,
        answer=service_answers.AuditEntries,
    ),
    Operation(
        name="list_sources",
        tag="discovery",
        summary="The discovery sources, and what is wrong with them.",
        path="/discovery/sources",
        handle=ServiceApi.every_source,
        query=ListParameters,
        answer=service_answers.Sources,
    ),
)
"""The operations of this module."""
