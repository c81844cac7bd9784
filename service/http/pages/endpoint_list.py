"""``/endpoints``: the list with its filters, page by page, and the same list as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.pages.endpoint_list import (
    CHOICES,
    CSV_COLUMNS,
    FILTERS,
    EndpointFilter,
    csv_row,
    in_order,
)
from exporters.pages.links import endpoint_link
from exporters.pages.list_filters import LONGEST_SEARCH
from exporters.pages.rows import Row
from model.safe_output.csv_text import csv_text
from service.http.guard.query import Query, QueryError, route
from service.http.pages.inventory import Inventory, OncePerInventory
from service.http.pages.list_queries import page_number, shown_page
from service.http.pages.renderer import FileContent, PageContent, Renderer

PAGE_LENGTH: Final = 100


def endpoint_list_routes(renderer: Renderer) -> tuple[Route, ...]:
    """The list as a page and as a file."""
    every = OncePerInventory(lambda found, sort: in_order(found.rows, sort))

    async def listed(request: Request, query: Query) -> Response:
        wanted, number = filter_of(query), page_number(query)

        def make(found: Inventory) -> PageContent:
            rows = wanted.chosen(every.of(found, wanted.sort), found.now)
            return _list_page(rows, len(found.rows), wanted, number)

        return await renderer.answer(request, make)

    async def as_csv(request: Request, query: Query) -> Response:
        wanted = filter_of(query)
        return await renderer.answer(
            request,
            lambda found: _list_file(wanted.chosen(every.of(found, wanted.sort), found.now)),
        )

    return (
        route("/endpoints", renderer.once(listed), once=(*FILTERS, "page")),
        route("/endpoints.csv", as_csv, once=FILTERS),
    )


def filter_of(query: Query) -> EndpointFilter:
    """The filters of the URL; raises QueryError if one is invalid."""
    try:
        return EndpointFilter.of(query.get)
    except ValueError as error:
        raise QueryError(str(error)) from None


def _list_page(rows: Sequence[Row], total: int, wanted: EndpointFilter, number: int) -> PageContent:
    shown = shown_page(rows, number, PAGE_LENGTH)
    values = {
        "list": wanted,
        "choices": CHOICES,
        "longest_search": LONGEST_SEARCH,
        "total": total,
        "found": len(rows),
        "rows": [(row, endpoint_link(row.target, row.address)) for row in shown.items],
        "page": shown.number,
        "pages": shown.pages,
        "page_link": lambda other: wanted.link(page=str(other)),
    }
    return PageContent(template="endpoints", active="/endpoints", values=values)


def _list_file(rows: Sequence[Row]) -> FileContent:
    return FileContent(
        text=csv_text([CSV_COLUMNS, *map(csv_row, rows)]),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="endpoints.csv"'},
    )
