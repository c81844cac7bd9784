"""``/post-quantum``: which endpoints have post-quantum key exchange, the most exposed of the others first."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.pages.links import page_link
from exporters.pages.lists.post_quantum import QuantumLedger, quantum_ledger
from model.judging.quantum import QUANTUM_DAYS
from service.http.guard.query import Query, route
from service.http.pages.inventory import OncePerInventory
from service.http.pages.list_queries import page_number, shown_page
from service.http.pages.renderer import PageContent, Renderer

_PATH: Final = "/post-quantum"
_PAGE_LENGTH: Final = 100


def post_quantum_route(renderer: Renderer) -> Route:
    """The page."""
    ledgers = OncePerInventory(lambda found, _: quantum_ledger(found.rows))

    async def post_quantum(request: Request, query: Query) -> Response:
        number = page_number(query)
        return await renderer.answer(request, lambda found: _page(ledgers.of(found), number))

    return route(_PATH, renderer.once(post_quantum), once=("page",))


def _page(ledger: QuantumLedger, number: int) -> PageContent:
    shown = shown_page(ledger.lines, number, _PAGE_LENGTH)
    values = {
        "ledger": ledger,
        "days": QUANTUM_DAYS,
        "lines": shown.items,
        "page": shown.number,
        "pages": shown.pages,
        "page_link": lambda other: page_link(_PATH, page=str(other)),
    }
    return PageContent(template="post_quantum", active=_PATH, values=values)
