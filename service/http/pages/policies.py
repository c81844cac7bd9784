"""``/policies``: what the policies in force ask; ``/policies/diff``: how two of them differ, and at which endpoints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.pages.links import endpoint_link, page_link
from exporters.pages.policies import allowed_by_one, differing_verdicts, policy_views
from exporters.reports import PolicyText
from service.http.guard.query import Query, QueryError, route
from service.http.pages.inventory import Inventory, OncePerInventory
from service.http.pages.list_queries import page_number, shown_page
from service.http.pages.renderer import PageContent, Renderer
from service.http.pages.sources import PageSources

_ACTIVE: Final = "/policies"
_DIFF: Final = "/policies/diff"
_PAGE_LENGTH: Final = 100
_SHOWN: Final = 40


def policy_routes(renderer: Renderer, sources: PageSources) -> tuple[Route, ...]:
    """Both pages."""
    views = OncePerInventory(lambda found, _: list(policy_views(sources.policies(), found.rows)))

    async def policies(request: Request, _: Query) -> Response:
        def make(found: Inventory) -> PageContent:
            values = {"policies": views.of(found)}
            return PageContent(template="policies", active=_ACTIVE, values=values)

        return await renderer.answer(request, make)

    async def diff(request: Request, query: Query) -> Response:
        known, number = sources.policies(), page_number(query)
        first, second = (_wanted(query, name, known) for name in ("first", "second"))

        def make(found: Inventory) -> PageContent:
            values = {
                "names": [one.name for one in known],
                "first": first,
                "second": second,
                "is_compared": False,
                **_difference(sources, found, (first, second), number),
            }
            return PageContent(template="policy_diff", active=_ACTIVE, values=values)

        return await renderer.answer(request, make)

    return (
        route("/policies", renderer.once(policies)),
        route(_DIFF, renderer.once(diff), once=("first", "second", "page")),
    )


def _wanted(query: Query, name: str, known: Sequence[PolicyText]) -> PolicyText | None:
    """The policy that the parameter names; None without it."""
    text = query.get(name)
    if not text:
        return None
    found = next((one for one in known if one.name == text), None)
    if found is None:
        names = ", ".join(one.name for one in known) or "no policy is in force"
        raise QueryError(f"{name} must be a policy in force ({names}), not {text[:_SHOWN]!r}")
    return found


def _difference(
    sources: PageSources,
    found: Inventory,
    pair: tuple[PolicyText | None, PolicyText | None],
    number: int,
) -> Mapping[str, Any]:
    """What the page shows of two different policies; nothing without two."""
    first, second = pair
    if first is None or second is None or first.name == second.name:
        return {}
    compared = sources.compare(first.name, second.name)
    if compared is None:
        return {}
    endpoints = differing_verdicts(found.rows, first.name, second.name)
    shown = shown_page(endpoints, number, _PAGE_LENGTH)
    only = compared["only"]
    return {
        "is_compared": True,
        "allowed": list(allowed_by_one(only[first.name], only[second.name])),
        "rules": [
            (one["rule"], one[first.name], one[second.name]) for one in compared["differing_rules"]
        ],
        "endpoints": [(one, endpoint_link(one.row)) for one in shown.items],
        "found": len(endpoints),
        "page": shown.number,
        "pages": shown.pages,
        "page_link": lambda other: page_link(
            _DIFF, first=first.name, second=second.name, page=str(other)
        ),
    }
