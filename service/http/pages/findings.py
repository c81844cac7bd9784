"""``/findings``: the findings of all endpoints by rule or by endpoint; ``/finding``: the history of one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.pages.findings.history import finding_history, finding_values
from exporters.pages.findings.listing import (
    CHOICES,
    FindingFilter,
    Found,
    finding_group,
    grouped,
)
from exporters.pages.links import LONGEST_SEARCH
from exporters.pages.rows import Row
from model.findings.finding import Finding, FindingStatus
from model.query import Opening
from service.http.guard.query import Query, QueryError, route
from service.http.pages.inventory import ENDPOINT_PARAMETERS, Inventory, OncePerRows
from service.http.pages.list_queries import page_number, shown_page
from service.http.pages.renderer import PageContent, Renderer
from service.http.pages.sources import PageSources, stored

_ACTIVE: Final = "/findings"
_PAGE_LENGTH: Final = 20
_AUDIT_READ: Final = 1000


def finding_routes(renderer: Renderer, sources: PageSources) -> tuple[Route, ...]:
    """Both pages."""
    pages = _FindingPages(renderer, sources)
    return (
        route("/findings", renderer.once(pages.every), once=(*FindingFilter.names(), "page")),
        route("/finding", pages.one, once=(*ENDPOINT_PARAMETERS, "policy", "rule")),
    )


class _FindingPages:
    def __init__(self, renderer: Renderer, sources: PageSources) -> None:
        self._renderer = renderer
        self._sources = sources
        # The groups of all findings without a search; each search has its own.
        self._groups = OncePerRows(lambda found, by: grouped(FindingFilter(by=by), found.rows))
        self._policies = OncePerRows(
            lambda found, _: sorted({name for row in found.rows for name in row.status.compliance})
        )

    async def every(self, request: Request, query: Query) -> Response:
        try:
            wanted = FindingFilter.of(query.get)
        except ValueError as error:
            raise QueryError(str(error)) from None
        number = page_number(query)
        return await self._renderer.answer(
            request,
            lambda found: _page(
                found, self._policies.of(found), self._chosen(found, wanted), (wanted, number)
            ),
        )

    def _chosen(self, found: Inventory, wanted: FindingFilter) -> Sequence[Found]:
        if wanted.is_filtering:
            return grouped(wanted, found.rows)
        return self._groups.of(found, wanted.by)

    async def one(self, request: Request, query: Query) -> Response:
        row, _ = await self._renderer.endpoint(query.get)
        identity = (query.get("policy") or "", query.get("rule") or "")
        if row is None:
            return await self._renderer.answer(request, _unknown_finding)
        key = row.status.observation.endpoint.key
        openings, fault = await stored(self._sources.archive.openings(key, identity))
        finding = _newest(row, identity, openings)
        if finding is None:
            return await self._renderer.answer(request, _unknown_finding)
        audit, _ = await stored(
            self._sources.archive.audit_log(since=_began_at(finding, openings), limit=_AUDIT_READ)
        )
        desk = self._sources.actions.waivers
        waivings = desk.waivings_of(finding, row.status.observation.endpoint.target, audit)
        waivers = [] if finding.waiver is None else [finding.waiver]

        def make(found: Inventory) -> PageContent:
            events = finding_history(openings, waivings, waivers, found.now, self._sources.proof_of)
            values = finding_values(row, finding, events, fault)
            return PageContent(template="finding", active=_ACTIVE, values=values)

        return await self._renderer.answer(request, make)


def _newest(row: Row, identity: tuple[str, str], openings: Sequence[Opening]) -> Finding | None:
    """The finding as it is now; a resolved one is only in the Store."""
    for one in row.status.findings:
        if one.result.identity == identity:
            return one
    if not openings:
        return None
    newest, oldest = openings[0], openings[-1]
    return Finding(
        endpoint_key=row.status.observation.endpoint.key,
        result=newest.result,
        status=FindingStatus.RESOLVED if newest.resolved_at else FindingStatus.OPEN,
        first_seen_at=oldest.opened_at,
        last_seen_at=newest.resolved_at or newest.opened_at,
        resolved_at=newest.resolved_at,
        reopened=len(openings) - 1,
    )


def _began_at(finding: Finding, openings: Sequence[Opening]) -> datetime:
    return min([finding.first_seen_at, *(opening.opened_at for opening in openings)])


def _unknown_finding(_: Inventory) -> PageContent:
    sentence = "There is no such finding: its endpoint may have left the sources."
    return PageContent(
        template="not_found", active=_ACTIVE, values={"sentence": sentence}, status_code=404
    )


def _page(
    found: Inventory,
    policies: Sequence[str],
    groups: Sequence[Found],
    asked: tuple[FindingFilter, int],
) -> PageContent:
    wanted, number = asked
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
    return PageContent(template="findings", active=_ACTIVE, values=values)
