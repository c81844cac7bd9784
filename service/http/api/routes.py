"""All routes of the API: its operations, and the document that describes them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from model.frozen import frozen
from model.ports import Clock
from model.snapshot import Snapshot
from service.http.api.document import document
from service.http.api.frame import Frame
from service.http.api.operation import Operation
from service.http.api.resources import (
    certificates,
    claims,
    endpoints,
    findings,
    policies,
    post_quantum,
    probes,
    reports,
    service,
    targets,
    waivers,
)
from service.http.api.view import Views
from service.http.guard.bodies import Body, body_of, respond
from service.http.guard.query import Query, route
from service.http.reports import WrittenReports
from service.http.targets import TargetDesk
from service.http.text_answers import OPENAPI, json_bytes
from service.http.waivers import WaiverDesk
from service.probe_endpoint.jobs import ProbeJobs
from storage import SqlReader


@frozen
class ApiParts:
    """What the API needs of the service; ``record`` writes to the audit log that a client starts a probe."""

    store: SqlReader
    snapshot: Callable[[], Snapshot]
    waivers: WaiverDesk
    targets: TargetDesk
    reports: WrittenReports
    service: service.ServiceApi
    jobs: ProbeJobs
    record: probes.Record
    clock: Clock
    requests_per_minute: int


OPERATIONS: Final = (
    *endpoints.OPERATIONS,
    *findings.OPERATIONS,
    *claims.OPERATIONS,
    *certificates.OPERATIONS,
    *post_quantum.OPERATIONS,
    *policies.OPERATIONS,
    *waivers.OPERATIONS,
    *targets.OPERATIONS,
    *reports.OPERATIONS,
    *probes.OPERATIONS,
    *service.OPERATIONS,
)
"""All operations of the API."""


def api_routes(parts: ApiParts) -> tuple[Route, ...]:
    """The routes of the operations, and of the document."""
    views, frame = Views(parts.snapshot), Frame(parts.requests_per_minute, parts.clock.monotonic)
    servers: tuple[tuple[object, Sequence[Operation]], ...] = (
        (endpoints.EndpointApi(views, parts.store), endpoints.OPERATIONS),
        (findings.FindingApi(views, parts.store), findings.OPERATIONS),
        (claims.ClaimApi(views), claims.OPERATIONS),
        (certificates.CertificateApi(views), certificates.OPERATIONS),
        (post_quantum.QuantumApi(views, parts.store, parts.clock), post_quantum.OPERATIONS),
        (policies.PolicyApi(views, parts.waivers.evaluator), policies.OPERATIONS),
        (waivers.WaiverApi(parts.waivers), waivers.OPERATIONS),
        (probes.ProbeApi(parts.jobs, parts.record), probes.OPERATIONS),
        (targets.TargetApi(parts.targets), targets.OPERATIONS),
        (reports.ReportApi(parts.reports, parts.clock.now), reports.OPERATIONS),
        (parts.service, service.OPERATIONS),
    )
    return (
        _document_route(),
        *(frame.route(one, server) for server, table in servers for one in table),
    )


def _document_route() -> Route:
    made: list[Body] = []

    async def openapi(request: Request, _: Query) -> Response:
        if not made:
            made.append(await body_of(json_bytes(document(OPERATIONS))))
        return respond(request, made[0], {"content-type": "application/json"})

    return route(OPENAPI, openapi)
