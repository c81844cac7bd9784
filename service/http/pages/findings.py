"""``/findings``: the findings of all endpoints by rule or by endpoint; ``/policies``: what the policies ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.pages.findings import CHOICES, FILTERS, FindingFilter, finding_group, grouped
from exporters.pages.list_filters import LONGEST_SEARCH
from exporters.pages.service_view import policy_views
from service.http.guard.query import Query, QueryError, route
from service.http.pages.inventory import Inventory, OncePerInventory
from service.http.pages.list_queries import page_number, shown_page
from service.http.pages.renderer import PageContent, Renderer
from service.http.pages.sources import PageSources

_PAGE_LENGTH: Final = 20


def finding_routes(renderer: Renderer, sources: PageSources) -> tuple[Route, ...]:
    """Both pages."""
    views = OncePerInventory(lambda found, _: list(policy_views(sources.policies(), found.rows)))

    names = OncePerInventory(
        lambda found, _: sorted({name for row in found.rows for name in row.status.compliance})
    )

    async def findings(request: Request, query: Query) -> Response:
        try:
            wanted = FindingFilter.of(query.get)
        except ValueError as error:
            raise QueryError(str(error)) from None
        number = page_number(query)
        return await renderer.answer(
            request, lambda found: _page(found, names.of(found), wanted, number)
        )

    async def policies(request: Request, _: Query) -> Response:
        def make(found: Inventory) -> PageContent:
            values = {"policies": views.of(found)}
            return PageContent(template="policies", active="/policies", values=values)

        return await renderer.answer(request, make)

    return (
        route("/findings", renderer.once(findings), once=(*FILTERS, "page")),
        route("/policies", renderer.once(policies)),
    )


def _page(
    found: Inventory, policies: Sequence[str], wanted: FindingFilter, number: int
) -> PageContent:
    groups = grouped(wanted, found.rows)
    shown = shown_page(groups, number, _PAGE_LENGTH)
    values = {
        "list": wanted,
        "choices": CHOICES,
        "longest_search": LONGEST_SEARCH,
        "policies": policies,
        "found": len(groups),
        "total": any(row.status.findings for row in found.rows),
        "groups": [finding_group(wanted, one) for one in shown.items],
        "page": shown.number,
        "pages": shown.pages,
        "page_link": lambda other: wanted.link(page=str(other)),
    }
    return PageContent(template="findings", active="/findings", values=values)
