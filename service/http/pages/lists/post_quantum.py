"""``/post-quantum``: which endpoints have post-quantum key exchange, the most exposed of the others first."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.pages.links import page_link
from exporters.pages.lists.post_quantum import QuantumLedger, quantum_ledger
from model.judging.quantum import NEVER_PROVED, QUANTUM_DAYS, QuantumHistory
from model.query import EVERYWHERE, Selection
from service.http.guard.query import Query, route
from service.http.guard.turns import Shared
from service.http.pages.inventory import OncePerInventory
from service.http.pages.list_queries import page_number, shown_page
from service.http.pages.renderer import PageContent, Renderer
from service.http.pages.sources import PageSources
from storage import StoreError

_PATH: Final = "/post-quantum"
_PAGE_LENGTH: Final = 100


def post_quantum_route(renderer: Renderer, sources: PageSources) -> Route:
    """The page; what it shows of the past is read once for all clients."""
    ledgers = OncePerInventory(lambda found, _: quantum_ledger(found.rows))
    shared = Shared(partial(quantum_history, sources))

    async def post_quantum(request: Request, query: Query) -> Response:
        number, past = page_number(query), await shared.get()
        return await renderer.answer(request, lambda found: _page(ledgers.of(found), number, past))

    return route(_PATH, renderer.once(post_quantum), once=("page",))


async def quantum_history(
    sources: PageSources, selection: Selection = EVERYWHERE
) -> tuple[Mapping[str, QuantumHistory], str]:
    """The histories by endpoint key, or none and the sentence that says why."""
    try:
        return await sources.archive.quantum_history(selection), ""
    except StoreError as error:
        return {}, str(error)


def _page(
    ledger: QuantumLedger, number: int, past: tuple[Mapping[str, QuantumHistory], str]
) -> PageContent:
    shown = shown_page(ledger.lines, number, _PAGE_LENGTH)
    history, fault = past
    values = {
        "ledger": ledger,
        "fault": fault,
        "past": lambda line: history.get(line.row.key, NEVER_PROVED),
        "days": QUANTUM_DAYS,
        "lines": shown.items,
        "page": shown.number,
        "pages": shown.pages,
        "page_link": lambda other: page_link(_PATH, page=str(other)),
    }
    return PageContent(template="post_quantum", active=_PATH, values=values)
