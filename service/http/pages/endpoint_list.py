"""``/endpoints``: the list with its filters, page by page, and the same list as CSV."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.pages.endpoint_list import (
    CHOICES,
    CSV_COLUMNS,
    FILTERS,
    EndpointFilter,
    csv_row,
)
from exporters.pages.links import endpoint_link
from exporters.pages.list_filters import LONGEST_SEARCH
from exporters.pages.saved_views import LONGEST_NAME
from model.safe_output.csv_text import csv_text
from service.http.guard.query import Query, QueryError, route
from service.http.pages.changing.views import saved_view_route, saved_views
from service.http.pages.inventory import Inventory
from service.http.pages.list_queries import page_number, shown_page
from service.http.pages.renderer import FileContent, PageContent, Renderer

PAGE_LENGTH: Final = 100


def endpoint_list_routes(renderer: Renderer, *, can_save: bool) -> tuple[Route, ...]:
    """The list as a page and as a file; ``can_save`` is whether users can name views of it."""

    async def listed(request: Request, query: Query) -> Response:
        chosen, number = filter_of(query), page_number(query)
        views = saved_views(request)

        def make(found: Inventory) -> PageContent:
            values = {**_list_values(found, chosen, number), "views": views, "can_save": can_save}
            return PageContent(template="endpoints", active="/endpoints", values=values)

        return await renderer.answer(request, make)

    async def as_csv(request: Request, query: Query) -> Response:
        chosen = filter_of(query)
        return await renderer.answer(request, lambda found: _list_file(found, chosen))

    return (
        route("/endpoints", listed, once=(*FILTERS, "page")),
        route("/endpoints.csv", as_csv, once=FILTERS),
        saved_view_route(),
    )


def filter_of(query: Query) -> EndpointFilter:
    """The filters of the URL; raises QueryError if one is invalid."""
    try:
        return EndpointFilter.of(query.get)
    except ValueError as error:
        raise QueryError(str(error)) from None


def _list_values(found: Inventory, wanted: EndpointFilter, number: int) -> Mapping[str, Any]:
    rows = wanted.chosen(found.rows, found.now)
    shown = shown_page(rows, number, PAGE_LENGTH)
    return {
        "list": wanted,
        "filters": [(name, text) for name in FILTERS if (text := getattr(wanted, name))],
        "longest_name": LONGEST_NAME,
        "choices": CHOICES,
        "longest_search": LONGEST_SEARCH,
        "total": len(found.rows),
        "found": len(rows),
        "rows": [(row, endpoint_link(row)) for row in shown.items],
        "page": shown.number,
        "pages": shown.pages,
        "page_link": lambda other: wanted.link(page=str(other)),
    }


def _list_file(found: Inventory, wanted: EndpointFilter) -> FileContent:
    rows = wanted.chosen(found.rows, found.now)
    return FileContent(
        text=csv_text([CSV_COLUMNS, *map(csv_row, rows)]),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="endpoints.csv"'},
    )
