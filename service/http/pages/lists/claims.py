"""``/claims``: what configurations declare and other scanners report, compared with the wire."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.pages.endpoint.claims import CHOICES, VIEWS, ClaimFilter, claim_line
from exporters.pages.links import LONGEST_SEARCH
from model.claims.ledger import LedgerEntry, ledger
from service.http.guard.query import Query, QueryError, route
from service.http.pages.inventory import Inventory, OncePerInventory
from service.http.pages.list_queries import page_number, shown_page
from service.http.pages.renderer import PageContent, Renderer

_PAGE_LENGTH: Final = 100


def claim_route(renderer: Renderer) -> Route:
    """The page."""
    every = OncePerInventory(
        lambda found, _: ledger((row.status for row in found.rows), found.resource_claims)
    )

    async def claims(request: Request, query: Query) -> Response:
        try:
            wanted = ClaimFilter.of(query.get)
        except ValueError as error:
            raise QueryError(str(error)) from None
        number = page_number(query)
        return await renderer.answer(
            request, lambda found: _page(found, every.of(found), wanted, number)
        )

    return route("/claims", claims, once=(*ClaimFilter.names(), "page"))


def _page(
    inventory: Inventory, every: Sequence[LedgerEntry], wanted: ClaimFilter, number: int
) -> PageContent:
    found = wanted.chosen(every)
    shown = shown_page(found, number, _PAGE_LENGTH)
    values = {
        "list": wanted,
        "choices": CHOICES,
        "views": VIEWS,
        "sources": sorted({one.held.claim.source for one in every}),
        "longest_search": LONGEST_SEARCH,
        "found": len(found),
        "total": len(every),
        "lines": [claim_line(inventory.by_key.get(one.holder), one) for one in shown.items],
        "page": shown.number,
        "pages": shown.pages,
        "page_link": lambda other: wanted.link(page=str(other)),
    }
    return PageContent(template="claims", active="/claims", values=values)
