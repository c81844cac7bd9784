"""All routes of the API: its operations, and the document that describes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from model.ports import Clock
from model.snapshot import Snapshot
from service.http.api.document import document
from service.http.api.endpoints import EndpointApi
from service.http.api.findings import FindingApi
from service.http.api.frame import Frame
from service.http.api.operation import Json, Operation
from service.http.api.probes import ProbeApi, Record
from service.http.api.service import ServiceApi
from service.http.api.view import Views
from service.http.api.waivers import WaiverApi
from service.http.guard.bodies import Body, body_of, respond
from service.http.guard.query import Query, route
from service.http.guard.turns import Shared
from service.http.text_answers import OPENAPI, json_bytes
from service.http.waivers import WaiverDesk
from service.probe_endpoint.jobs import ProbeJobs
from storage import SqlReader


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiParts:
    """What the API needs of the service; ``record`` writes to the audit log that a client starts a probe."""

    store: SqlReader
    snapshot: Callable[[], Snapshot]
    waivers: WaiverDesk
    service: ServiceApi
    jobs: ProbeJobs
    record: Record
    clock: Clock
    requests_per_minute: int


def api_operations(parts: ApiParts) -> Sequence[Operation]:
    """The table of all operations."""
    views = Views(parts.snapshot)
    return (
        *EndpointApi(views, parts.store).operations,
        *FindingApi(views, parts.store, parts.waivers.evaluator).operations,
        *WaiverApi(parts.waivers).operations,
        *ProbeApi(parts.jobs, parts.record).operations,
        *parts.service.operations,
    )


def api_routes(parts: ApiParts) -> tuple[Route, ...]:
    """The routes of the operations, and of the document."""
    operations = api_operations(parts)
    frame = Frame(parts.requests_per_minute, parts.clock.monotonic)
    return (_document_route(operations), *map(frame.route, operations))


def _document_route(operations: Sequence[Operation]) -> Route:
    @cache
    def written() -> Json:
        return document(operations)

    async def made() -> Body:
        return await body_of(json_bytes(written()))

    shared = Shared(made)

    async def openapi(request: Request, _: Query) -> Response:
        return respond(request, await shared.get(), {"content-type": "application/json"})

    return route(OPENAPI, openapi)
