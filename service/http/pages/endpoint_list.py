"""``/endpoints``: the list with its filters, page by page, and the same list as CSV."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.pages.endpoint_list import (
    CHOICES,
    CSV_COLUMNS,
    FILTERS,
    LONGEST_SEARCH,
    EndpointFilter,
    csv_row,
)
from exporters.pages.links import endpoint_link
from model.safe_output.csv_text import csv_text
from service.http.guard.query import Query, QueryError, route, whole_number
from service.http.pages.inventory import Inventory
from service.http.pages.renderer import FileContent, PageContent, Renderer

PAGE_LENGTH: Final = 100
MOST_PAGES: Final = 999_999


def endpoint_list_routes(renderer: Renderer) -> tuple[Route, ...]:
    """The list as a page and as a file."""

    async def listed(request: Request, query: Query) -> Response:
        chosen, number = filter_of(query), page_number(query)
        return await renderer.answer(request, lambda found: _list_page(found, chosen, number))

    async def as_csv(request: Request, query: Query) -> Response:
        chosen = filter_of(query)
        return await renderer.answer(request, lambda found: _list_file(found, chosen))

    return (
        route("/endpoints", listed, once=(*FILTERS, "page")),
        route("/endpoints.csv", as_csv, once=FILTERS),
    )


def filter_of(query: Query) -> EndpointFilter:
    """The filters of the URL; raises QueryError if one is invalid."""
    try:
        return EndpointFilter.of(query.get)
    except ValueError as error:
        raise QueryError(str(error)) from None


def page_number(query: Query) -> int:
    """The number of the wanted page, at least 1."""
    text = query.get("page")
    return 1 if text is None else max(1, whole_number(text, "page", MOST_PAGES))


def _list_page(found: Inventory, wanted: EndpointFilter, number: int) -> PageContent:
    rows = wanted.chosen(found.rows, found.now)
    pages = max(1, -(-len(rows) // PAGE_LENGTH))
    page = min(pages, number)
    shown = rows[(page - 1) * PAGE_LENGTH : page * PAGE_LENGTH]
    values = {
        "list": wanted,
        "choices": CHOICES,
        "longest_search": LONGEST_SEARCH,
        "total": len(found.rows),
        "found": len(rows),
        "rows": [(row, endpoint_link(row.target, row.address)) for row in shown],
        "page": page,
        "pages": pages,
        "page_link": lambda other: wanted.link(page=str(other)),
    }
    return PageContent(template="endpoints", active="/endpoints", values=values)


def _list_file(found: Inventory, wanted: EndpointFilter) -> FileContent:
    rows = wanted.chosen(found.rows, found.now)
    return FileContent(
        text=csv_text([CSV_COLUMNS, *map(csv_row, rows)]),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": 'attachment; filename="endpoints.csv"'},
    )
