"""``/service``: lag, sources, failing endpoints and events of the service itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.pages.links import endpoint_link
from exporters.pages.service_view import fleet_facts, sink_badge, source_lines, status_tiles
from service.http.guard.query import Query, route
from service.http.pages.inventory import Inventory
from service.http.pages.renderer import PageContent, Renderer
from service.http.pages.sources import PageSources, stored

_EVENTS_SHOWN: Final = 30
_EVENTS_SINCE: Final = timedelta(days=30)


def service_route(renderer: Renderer, sources: PageSources) -> Route:
    """The page."""

    async def page(request: Request, _: Query) -> Response:
        status, parts = sources.status(), sources.parts()
        since = (await renderer.inventory()).now - _EVENTS_SINCE
        events, fault = await stored(sources.archive.events(since))

        def make(found: Inventory) -> PageContent:
            rows = [(one, found.by_key.get(one["endpoint"])) for one in status["worst"]]
            values = {
                "status": status,
                "started_at": datetime.fromisoformat(status["started_at"]),
                "tiles": status_tiles(status),
                "sources": list(source_lines(status, parts.skipped)),
                "sinks": [(sink, sink_badge(sink)) for sink in parts.sinks],
                "fleet": None if parts.fleet is None else list(fleet_facts(parts.fleet)),
                "failing": [(one, endpoint_link(row) if row else "") for one, row in rows],
                "events": events[:_EVENTS_SHOWN],
                "fault": fault,
            }
            return PageContent(template="service", active="/service", values=values)

        return await renderer.answer(request, make)

    return route("/service", renderer.once(page))
