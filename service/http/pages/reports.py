"""``/reports``: links to all formats of reports, which ``service.http.reports`` makes."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.reports import REPORTS
from service.http.guard.query import Query, route
from service.http.pages.renderer import PageContent, Renderer


def report_list_route(renderer: Renderer) -> Route:
    """The page."""
    content = PageContent(template="reports", active="/reports", values={"reports": REPORTS})

    async def names(request: Request, _: Query) -> Response:
        return await renderer.answer(request, lambda _: content)

    return route("/reports", names)
