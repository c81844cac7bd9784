"""``/endpoint``: one target at one address; ``/evidence``: the decoded proof of one of its facts."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.pages.endpoint.page import EndpointPast, endpoint_values
from exporters.pages.links import endpoint_link
from model.judging.quantum import NEVER_PROVED
from model.query import Selection
from service.http.guard.query import Query, QueryError, route
from service.http.pages.inventory import ENDPOINT_PARAMETERS, Inventory
from service.http.pages.lists.post_quantum import quantum_history
from service.http.pages.renderer import PageContent, Renderer
from service.http.pages.sources import PageSources, stored
from service.http.text_answers import text_answer
from storage import StoreError

_ACTIVE: Final = "/endpoints"
_CHANGES_SHOWN: Final = 30
_LONGEST_FACT: Final = 200
_SHOWN: Final = 200


def endpoint_routes(renderer: Renderer, sources: PageSources) -> tuple[Route, ...]:
    """The page of an endpoint, and that of its evidence."""
    pages = _EndpointPages(renderer, sources)
    return (
        route("/endpoint", renderer.once(pages.endpoint), once=ENDPOINT_PARAMETERS),
        route("/evidence", renderer.once(pages.evidence), once=(*ENDPOINT_PARAMETERS, "fact")),
    )


class _EndpointPages:
    def __init__(self, renderer: Renderer, sources: PageSources) -> None:
        self._renderer = renderer
        self._sources = sources

    async def endpoint(self, request: Request, query: Query) -> Response:
        row, others = await self._renderer.endpoint(query.get)
        if row is None:
            return await self._renderer.answer(request, lambda _: _unknown_endpoint(query))
        selection = Selection(keys=frozenset({row.status.observation.endpoint.key}))
        changes, fault = await stored(
            self._sources.archive.changes(selection, limit=_CHANGES_SHOWN)
        )
        proofs, _ = await quantum_history(self._sources, selection)
        past = EndpointPast(changes=changes, quantum=proofs.get(row.key, NEVER_PROVED))

        def make(found: Inventory) -> PageContent:
            values = endpoint_values(row, others, past, self._sources.remedy_of, found.now)
            return PageContent(
                template="endpoint", active=_ACTIVE, values={**values, "fault": fault}
            )

        return await self._renderer.answer(request, make)

    async def evidence(self, request: Request, query: Query) -> Response:
        fact = query.get("fact") or ""
        if not fact or len(fact) > _LONGEST_FACT:
            raise QueryError(f"fact must be the name of a fact, at most {_LONGEST_FACT} characters")
        row, _ = await self._renderer.endpoint(query.get)
        if row is None:
            return await self._renderer.answer(request, lambda _: _unknown_endpoint(query))
        try:
            known = await self._sources.archive.latest(row.status.observation.endpoint.key)
        except StoreError as error:
            return text_answer(error, status_code=503)
        # Facts in memory have no evidence; the Store may not have stored them yet.
        observation = known or row.status.observation

        def make(_: Inventory) -> PageContent:
            try:
                lines = self._sources.explain(observation, fact)
            except ValueError as error:
                raise QueryError(str(error)) from None
            values = {
                "fact": fact,
                "target": row.target,
                "address": row.address,
                "back": endpoint_link(row),
                "lines": lines,
            }
            return PageContent(template="evidence", active=_ACTIVE, values=values)

        return await self._renderer.answer(request, make)


def _unknown_endpoint(query: Query) -> PageContent:
    target = (query.get("target") or query.get("id") or "")[:_SHOWN]
    sentence = f"There is no endpoint “{target}”: its target may have left the sources."
    return PageContent(
        template="not_found", active=_ACTIVE, values={"sentence": sentence}, status_code=404
    )
