"""The route ``/metrics/fleet``: the sums of all endpoints, in a bounded number of series."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.prometheus import OPENMETRICS_END
from exporters.prometheus.fleet.totals import FleetTotals
from model.snapshot import Snapshot
from service.http.guard.bodies import Body, body_of, respond
from service.http.guard.query import Query, route
from service.http.guard.turns import Shared
from service.http.scrape_format import content_type, wants_openmetrics


def fleet_route(snapshot: Callable[[], Snapshot]) -> Route:
    """The route for the Snapshots that ``snapshot`` returns; it is called in the event loop."""
    totals = FleetTotals()

    async def both_formats() -> tuple[Body, Body]:
        text = await asyncio.to_thread(totals.page, snapshot())
        return await body_of(text.encode()), await body_of((text + OPENMETRICS_END).encode())

    shared = Shared(both_formats)

    async def fleet_metrics(request: Request, _: Query) -> Response:
        is_open = wants_openmetrics(request)
        text, openmetrics = await shared.get()
        headers = {"content-type": content_type(is_openmetrics=is_open)}
        return respond(request, openmetrics if is_open else text, headers)

    return route("/metrics/fleet", fleet_metrics)
