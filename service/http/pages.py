"""The routes of the pages for people. jinja2 escapes every text; there are no scripts.

The rows of a Snapshot are built once for all clients; pages are rendered one at a time, in threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.html_templates import Templates, html_templates
from exporters.pages.details import sections_of
from exporters.pages.rows import Row, Totals, matching, row_of, totals_of
from model.frozen import frozen
from model.ports import Clock
from model.safe_output.label_text import label_value
from model.snapshot import EndpointStatus, Snapshot
from model.version import TOOL_VERSION
from service.http.guard.bodies import Body, body_of, busy, respond
from service.http.guard.callers import caller_of_request
from service.http.guard.query import Query, QueryError, route, whole_number
from service.http.guard.turns import BusyError, Shared, Turns

PAGE_LENGTH: Final = 100
_LONGEST_SHOWN: Final = 2000
_LONGEST_SEARCH: Final = 200
_MOST_PAGES: Final = 999_999
_HEADERS: Final = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
}


@frozen
class _Inventory:
    """A Snapshot with its rows, worst first, and the warnings about it, as of ``now``."""

    rows: Sequence[Row]
    totals: Totals
    by_target: Mapping[str, Sequence[EndpointStatus]]
    now: datetime
    warnings: tuple[str, ...]


def _no_warnings(_: Snapshot) -> tuple[str, ...]:
    return ()


def page_routes(
    snapshot: Callable[[], Snapshot],
    clock: Clock,
    warnings: Callable[[Snapshot], tuple[str, ...]] = _no_warnings,
) -> tuple[Route, ...]:
    """``/`` and ``/endpoint``, from the Snapshot that ``snapshot`` returns; it is called in the event loop.

    ``warnings`` are sentences about the Snapshot for the top of the page; it is called in a thread.
    """
    pages = _Pages(snapshot, clock, warnings)
    return (
        route("/", pages.inventory, once=("q", "page")),
        route("/endpoint", pages.endpoint, once=("target",)),
    )


class _Pages:
    """Serves the routes: the rows of one Snapshot are shared by all clients, and one page is rendered at a time."""

    def __init__(
        self,
        snapshot: Callable[[], Snapshot],
        clock: Clock,
        warnings: Callable[[Snapshot], tuple[str, ...]],
    ) -> None:
        self._snapshot = snapshot
        self._clock = clock
        self._warnings = warnings
        self._templates = _templates()
        self._turns = Turns()
        self._shared = Shared(self._taken)

    async def inventory(self, request: Request, query: Query) -> Response:
        wanted, number = query.get("q") or "", _page_number(query.get("page"))
        if len(wanted) > _LONGEST_SEARCH:
            raise QueryError(f"q must be at most {_LONGEST_SEARCH} characters: shorten it")

        def write(found: _Inventory) -> tuple[str, int]:
            template = self._templates.get_template("inventory.html")
            return template.render(_inventory_values(found, wanted, number)), 200

        return await self._page(request, write)

    async def endpoint(self, request: Request, query: Query) -> Response:
        wanted = query.get("target") or ""

        def write(found: _Inventory) -> tuple[str, int]:
            statuses = found.by_target.get(wanted, ())
            text = self._templates.get_template("endpoint.html").render(
                version=TOOL_VERSION,
                target=wanted[:_LONGEST_SHOWN],
                endpoints=[(row_of(status, found.now), sections_of(status)) for status in statuses],
            )
            return text, 200 if statuses else 404

        return await self._page(request, write)

    async def _taken(self) -> _Inventory:
        now = self._clock.now()
        return await asyncio.to_thread(_inventory_of, self._snapshot(), now, self._warnings)

    async def _page(
        self, request: Request, write: Callable[[_Inventory], tuple[str, int]]
    ) -> Response:
        found = await self._shared.get()
        try:
            async with self._turns.turn(caller_of_request(request)):
                text, status_code = await asyncio.to_thread(write, found)
                body: Body = await body_of(text.encode())
        except BusyError as error:
            return busy(error)
        return respond(request, body, _HEADERS, status_code=status_code)


def _inventory_of(
    snapshot: Snapshot, now: datetime, warnings: Callable[[Snapshot], tuple[str, ...]]
) -> _Inventory:
    rows = sorted((row_of(status, now) for status in snapshot.endpoints), key=lambda row: row.rank)
    by_target: dict[str, list[EndpointStatus]] = {}
    for status in snapshot.endpoints:
        by_target.setdefault(status.observation.endpoint.target.key, []).append(status)
    return _Inventory(
        rows=rows,
        totals=totals_of(rows),
        by_target=by_target,
        now=now,
        warnings=warnings(snapshot),
    )


def _inventory_values(found: _Inventory, wanted: str, number: int) -> dict[str, Any]:
    """The template's values: page ``number`` of the search results, or the last page."""
    shown = matching(found.rows, wanted)
    pages = max(1, -(-len(shown) // PAGE_LENGTH))
    page = min(pages, max(1, number))
    return {
        "version": TOOL_VERSION,
        "now": found.now,
        "wanted": wanted,
        "totals": found.totals,
        "warnings": found.warnings,
        "found": len(shown),
        "rows": shown[(page - 1) * PAGE_LENGTH : page * PAGE_LENGTH],
        "page": page,
        "pages": pages,
    }


def _templates() -> Templates:
    made = html_templates("exporters.pages")
    made.filters["printable"] = lambda text: label_value(text, _LONGEST_SHOWN)
    return made


def _page_number(text: str | None) -> int:
    return 1 if text is None else whole_number(text, "page", _MOST_PAGES)
