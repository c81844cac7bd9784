"""``/changes``: what changed at the endpoints, newest first, and the same as an Atom feed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.pages.changes import atom_feed
from exporters.pages.links import LONGEST_SEARCH, endpoint_link, page_link
from model.comparisons.change import Change
from model.query import EVERYWHERE, Selection
from service.http.guard.query import Query, QueryError, route, whole_number
from service.http.pages.inventory import Inventory
from service.http.pages.list_queries import limited_text
from service.http.pages.renderer import FileContent, PageContent, Renderer
from service.http.pages.sources import PageSources, stored
from service.http.text_answers import text_answer

_SHOWN: Final = 200
_SPANS: Final = ("1", "7", "30", "90", "365")
_USUAL_SPAN: Final = "30"
_MOST_DAYS: Final = 3650


def with_links(changes: Sequence[Change], found: Inventory) -> Sequence[tuple[Change, str]]:
    """Each Change with the page of its endpoint, or an empty text if that has left the inventory."""
    rows = [(change, found.by_key.get(change.endpoint_key)) for change in changes]
    return [(change, endpoint_link(row) if row else "") for change, row in rows]


def change_routes(renderer: Renderer, sources: PageSources) -> tuple[Route, ...]:
    """The page and the feed."""

    async def page(request: Request, query: Query) -> Response:
        place, days, until = _place(query), query.get("days") or _USUAL_SPAN, _until(query)
        since = (await renderer.inventory()).now - timedelta(days=_days(days))
        reading = sources.archive.changes(_selection(place), since=since, until=until, limit=_SHOWN)
        changes, fault = await stored(reading)

        def make(found: Inventory) -> PageContent:
            last = changes[-1].at.isoformat() if changes else ""
            values = {
                "changes": with_links(changes, found),
                "fault": fault,
                "place": place,
                "days": days,
                "spans": _SPANS,
                "longest_search": LONGEST_SEARCH,
                "is_cut": len(changes) == _SHOWN,
                "older": page_link("/changes", place=place, days=days, until=last),
                "feed": page_link("/changes.atom", place=place),
            }
            return PageContent(template="changes", active="/changes", values=values)

        return await renderer.answer(request, make)

    async def feed(request: Request, query: Query) -> Response:
        changes, fault = await stored(
            sources.archive.changes(_selection(_place(query)), limit=_SHOWN)
        )
        if fault:
            return text_answer(fault, status_code=503)
        own = str(request.url)

        def make(found: Inventory) -> FileContent:
            text = atom_feed(changes, own, found.now)
            return FileContent(text=text, media_type="application/atom+xml", headers={})

        return await renderer.answer(request, make)

    return (
        route("/changes", renderer.once(page), once=("place", "days", "until")),
        route("/changes.atom", renderer.once(feed), once=("place",)),
    )


def _selection(place: str) -> Selection:
    return Selection(place=place) if place else EVERYWHERE


def _place(query: Query) -> str:
    return limited_text("place", (query.get("place") or "").strip())


def _days(text: str) -> int:
    return whole_number(text, "days", _MOST_DAYS)


def _until(query: Query) -> datetime | None:
    text = query.get("until")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (OverflowError, ValueError):
        pass
    raise QueryError(
        f"until must be a time with a time zone, such as 2026-07-01T12:00:00Z, not {text[:40]!r}"
    )
