"""The routes of the pages for people. Every text goes through jinja2's escaping; there are no scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from exporters.prometheus.label_text import label_value
from model.ports import Clock
from model.snapshot import Snapshot
from model.version import TOOL_VERSION
from service.pages.details import sections_of
from service.pages.rows import matching, row_of, totals_of

PAGE_LENGTH: Final = 100
_LONGEST_SHOWN: Final = 2000
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'"
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


def page_routes(snapshot: Callable[[], Snapshot], clock: Clock) -> tuple[Route, ...]:
    """``/`` and ``/endpoint``, of what ``snapshot`` gives."""
    templates = _templates()

    async def inventory(request: Request) -> Response:
        asked = request.query_params
        wanted = asked.get("q", "")[:200]
        now = clock.now()
        rows = sorted(
            (row_of(status, now) for status in snapshot().endpoints), key=lambda row: row.rank
        )
        shown = matching(rows, wanted)
        pages = max(1, -(-len(shown) // PAGE_LENGTH))
        number = min(pages, max(1, _number(asked.get("page"))))
        text = templates.get_template("inventory.html").render(
            version=TOOL_VERSION,
            now=now,
            wanted=wanted,
            totals=totals_of(rows),
            found=len(shown),
            rows=shown[(number - 1) * PAGE_LENGTH : number * PAGE_LENGTH],
            page=number,
            pages=pages,
        )
        return HTMLResponse(text, headers=_HEADERS)

    async def endpoint(request: Request) -> Response:
        wanted = request.query_params.get("target", "")
        statuses = [
            status
            for status in snapshot().endpoints
            if status.observation.endpoint.target.key == wanted
        ]
        now = clock.now()
        text = templates.get_template("endpoint.html").render(
            version=TOOL_VERSION,
            target=wanted[:_LONGEST_SHOWN],
            endpoints=[(row_of(status, now), sections_of(status)) for status in statuses],
        )
        return HTMLResponse(text, status_code=200 if statuses else 404, headers=_HEADERS)

    return Route("/", inventory), Route("/endpoint", endpoint)


def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("service.pages"), autoescape=True, undefined=StrictUndefined
    )
    # What steers a terminal or turns the direction of writing is written out.
    made.filters["printable"] = lambda text: label_value(text, _LONGEST_SHOWN)
    return made


def _number(text: str | None) -> int:
    return int(text) if text is not None and text.isascii() and text.isdigit() else 1
