"""The claim ledger: what configurations declare about endpoints, as their newest visits show it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal

from pydantic import Field

from exporters.word_search import has_words
from model.claims import ClaimKind, ClaimVerdict
from model.claims.ledger import LedgerEntry, LedgerFilter, entry_to_json, ledger
from service.http.api.answers import CountedPage, Item
from service.http.api.cursors import Place, place_of
from service.http.api.operation import Call, Operation, Reply
from service.http.api.parameters import Label, ListParameters, Text, labels_of
from service.http.api.view import Views, counted_page

_ORDER: Final = {verdict: number for number, verdict in enumerate(ClaimVerdict)}


class ClaimAnswer(Item):
    """One claim of an endpoint or a resource; `GET /api/v1/findings` has the evidence against contradicted ones."""

    endpoint: str | None = Field(
        description="the key of the endpoint; null if no target has the resource"
    )
    target: str | None
    address: str | None
    labels: dict[str, str]
    name: str = Field(description="the rule of its findings, whose policy is `claims`")
    kind: ClaimKind = Field(
        description="declared by a configuration, or reported by another scanner"
    )
    statement: str
    source: str
    resource: str = Field(description="a file with a line, an object or an ARN")
    verdict: ClaimVerdict
    observed: str = Field(description="what was seen, or why nothing can prove it")
    rules: list[str] = Field(description="the rules that prove it together")
    read_at: datetime | None = Field(description="when the source was read")
    seen_at: datetime | None = Field(description="the last visit; null without an endpoint")
    since: datetime | None = Field(
        description="when a visit first showed this; null if it is proved or was not reached"
    )


class Claims(CountedPage):
    """Claims."""

    items: list[ClaimAnswer]


class ClaimParameters(ListParameters):
    """Filters of claims."""

    q: Text | None = Field(
        None, description="only claims that contain every word in their texts or endpoint"
    )
    verdict: ClaimVerdict | None = Field(None, description="only with this verdict")
    kind: ClaimKind | None = Field(None, description="only of this kind")
    source: Text | None = Field(None, description="only of this source, such as `nginx`")
    resource: Text | None = Field(None, description="only of resources that contain this text")
    label: tuple[Label, ...] = Field(
        (), max_length=32, description="only of targets and resources with the label `NAME=VALUE`"
    )
    sort: Literal["verdict", "-verdict", "endpoint", "-endpoint"] = Field(
        "verdict", description="the order, contradicted ones first; a leading minus reverses it"
    )


class ClaimApi:
    """The handlers."""

    def __init__(self, views: Views) -> None:
        self._views = views

    async def every(self, call: Call[ClaimParameters, None]) -> Reply:
        """A page of claims."""
        query, view = call.query, await self._views.get()
        place = _by_endpoint if query.sort.endswith("endpoint") else _by_verdict
        wanted = LedgerFilter(
            verdict=query.verdict,
            source=query.source,
            kind=query.kind,
            resource=query.resource,
            labels=labels_of(query.label),
        )

        def found() -> Sequence[LedgerEntry]:
            statuses = (entry.status for entry in view.entries.values())
            every = ledger(statuses, view.resource_claims)
            chosen = (one for one in every if wanted.has(one) and has_words(one.text, query.q))
            return sorted(chosen, key=place)

        shown = (ClaimAnswer, entry_to_json)
        return Reply(value=await counted_page(found, place, query.sort, query, shown))


def _by_verdict(entry: LedgerEntry) -> Place:
    return place_of(_ORDER[entry.held.verdict], entry.id)


def _by_endpoint(entry: LedgerEntry) -> Place:
    return place_of(entry.holder, entry.id)


OPERATIONS: Final[Sequence[Operation]] = (
    Operation(
        name="list_claims",
        tag="claims",
        summary="What configurations declare about endpoints, and whether it is so.",
        path="/claims",
        handle=ClaimApi.every,
        query=ClaimParameters,
        answer=Claims,
    ),
)
