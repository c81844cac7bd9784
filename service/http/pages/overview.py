"""``/``: the overview of the fleet."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.pages.links import page_link
from exporters.pages.overview.adoption import TREND_SPAN, adoption_values
from exporters.pages.overview.page import count_of, fleet_values, past_moments, policy_trends
from service.http.guard.query import Query, route
from service.http.guard.turns import Shared
from service.http.pages.changes import with_links
from service.http.pages.inventory import Inventory, OncePerInventory
from service.http.pages.renderer import PageContent, Renderer
from service.http.pages.sources import PageSources, stored

_CHANGES_SHOWN: Final = 8


def overview_route(renderer: Renderer, sources: PageSources) -> Route:
    """The page; what it shows of the past is read once for all clients."""
    fleet = OncePerInventory(lambda found, _: fleet_values(found.rows, found.now))
    count = OncePerInventory(lambda found, _: count_of(found.rows, found.now))

    async def read() -> PageContent:
        found = await renderer.inventory()
        past, fault = await stored(sources.archive.compliance_counts(past_moments(found.now)))
        counts, _ = await stored(sources.archive.fleet_counts(found.now - TREND_SPAN))
        changes, _ = await stored(sources.archive.changes(limit=_CHANGES_SHOWN))
        return PageContent(
            template="overview",
            active="/",
            values={
                "counts": counts,
                "trends": policy_trends(found.rows, past, found.now),
                "fault": fault,
                "changes": with_links(changes, found),
                "policy_link": lambda name: page_link("/findings", policy=name),
                "warnings": found.warnings,
                "total": len(found.rows),
            },
        )

    shared = Shared(read)

    async def overview(request: Request, _: Query) -> Response:
        content = await shared.get()

        def make(found: Inventory) -> PageContent:
            adoption = adoption_values(count.of(found), content.values["counts"])
            values = {**fleet.of(found), **adoption, **content.values}
            return PageContent(template="overview", active="/", values=values)

        return await renderer.answer(request, make)

    return route("/", renderer.once(overview))
