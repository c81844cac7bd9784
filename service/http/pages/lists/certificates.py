"""``/certificates``: every leaf of the fleet, by expiry, issuer, key, or how often it is served."""

from __future__ import annotations

from operator import attrgetter
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.pages.links import LONGEST_SEARCH, page_link
from exporters.pages.lists.certificates import SORTS, LeafLine, leaf_lines
from exporters.word_search import with_words
from service.http.guard.query import Query, QueryError, route
from service.http.pages.inventory import OncePerRows
from service.http.pages.list_queries import limited_text, page_number, shown_page
from service.http.pages.renderer import PageContent, Renderer

_PAGE_LENGTH: Final = 100
_USUAL_SORT: Final = "expiry"


def certificate_route(renderer: Renderer) -> Route:
    """The page."""
    every = OncePerRows(lambda found, _: leaf_lines(found.rows))
    ordered = OncePerRows(lambda found, sort: sorted(every.of(found), key=SORTS[sort]))

    async def certificates(request: Request, query: Query) -> Response:
        number = page_number(query)
        text, sort = limited_text("q", query.get("q") or ""), query.get("sort") or _USUAL_SORT
        if sort not in SORTS:
            raise QueryError(f"sort must be one of {', '.join(SORTS)}, not {sort[:20]!r}")
        return await renderer.answer(
            request, lambda found: _page(ordered.of(found, sort), text, sort, number)
        )

    return route("/certificates", renderer.once(certificates), once=("q", "sort", "page"))


def _page(every: list[LeafLine], text: str, sort: str, number: int) -> PageContent:
    lines = with_words(every, attrgetter("haystack"), text)
    shown = shown_page(lines, number, _PAGE_LENGTH)

    def link(**changes: str) -> str:
        given = {"q": text, "sort": sort} | changes
        return page_link("/certificates", **given)

    values = {
        "q": text,
        "sort": sort,
        "longest_search": LONGEST_SEARCH,
        "link": link,
        "total": len(every),
        "found": len(lines),
        "lines": shown.items,
        "page": shown.number,
        "pages": shown.pages,
        "page_link": lambda other: link(page=str(other)),
    }
    return PageContent(template="certificates", active="/certificates", values=values)
