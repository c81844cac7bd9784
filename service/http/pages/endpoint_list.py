"""``/endpoints``: the list with its filters, page by page, and the same list as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.pages.endpoint_list import (
    CHOICES,
    CSV_COLUMNS,
    EndpointFilter,
    csv_row,
    in_order,
)
from exporters.pages.links import LONGEST_SEARCH, endpoint_link
from exporters.pages.rows import Row
from exporters.pages.saved_views import LONGEST_NAME
from model.safe_output.csv_text import csv_text
from service.http.guard.query import Query, QueryError, route
from service.http.pages.changing.views import saved_view_route, saved_views, views_cookie
from service.http.pages.inventory import Inventory, OncePerRows
from service.http.pages.list_queries import page_number, shown_page
from service.http.pages.renderer import FileContent, PageContent, Renderer

PAGE_LENGTH: Final = 100


def endpoint_list_routes(renderer: Renderer, *, can_save: bool) -> tuple[Route, ...]:
    """The list as a page and as a file; ``can_save`` is whether users can name views of it."""
    every = OncePerRows(lambda found, sort: in_order(found.rows, sort))

    async def listed(request: Request, query: Query) -> Response:
        wanted, number = filter_of(query), page_number(query)
        about_views = {"views": saved_views(request), "can_save": can_save}

        def make(found: Inventory) -> PageContent:
            rows = wanted.chosen(every.of(found, wanted.sort), found.now)
            values = {**_list_values(rows, len(found.rows), wanted, number), **about_views}
            return PageContent(template="endpoints", active="/endpoints", values=values)

        return await renderer.answer(request, make)

    async def as_csv(request: Request, query: Query) -> Response:
        wanted = filter_of(query)
        return await renderer.answer(
            request,
            lambda found: _list_file(wanted.chosen(every.of(found, wanted.sort), found.now)),
        )

    return (
        route(
            "/endpoints",
            renderer.once(listed, views_cookie),
            once=(*EndpointFilter.names(), "page"),
        ),
        route("/endpoints.csv", as_csv, once=EndpointFilter.names()),
        saved_view_route(),
    )


def filter_of(query: Query) -> EndpointFilter:
    """The filters of the URL; raises QueryError if one is invalid."""
    try:
        return EndpointFilter.of(query.get)
    except ValueError as error:
        raise QueryError(str(error)) from None


def _list_values(
    rows: Sequence[Row], total: int, wanted: EndpointFilter, number: int
) -> Mapping[str, Any]:
    shown = shown_page(rows, number, PAGE_LENGTH)
    return {
        "list": wanted,
        "filters": [(name, text) for name in wanted.names() if (text := getattr(wanted, name))],
        "longest_name": LONGEST_NAME,
        "choices": CHOICES,
        "longest_search": LONGEST_SEARCH,
        "total": total,
        "found": len(rows),
        "rows": [(row, endpoint_link(row)) for row in shown.items],
        "page": shown.number,
        "pages": shown.pages,
        "page_link": lambda other: wanted.link(page=str(other)),
    }


def _list_file(rows: Sequence[Row]) -> FileContent:
    return FileContent(
        text=csv_text([CSV_COLUMNS, *map(csv_row, rows)]),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="endpoints.csv"'},
    )
