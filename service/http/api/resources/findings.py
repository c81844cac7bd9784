"""Findings: those of now, those that are resolved, and the history of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, Literal, TypeAlias

from pydantic import Field

from exporters.word_search import has_words
from model.encoding.evidence_json import evidence_to_json
from model.encoding.finding_json import finding_to_json
from model.encoding.times_json import time_to_json
from model.findings.finding import Finding, FindingStatus, Outcome, Severity
from model.query import Opening, Selection
from model.target import endpoint_id
from service.http.api import answers
from service.http.api.cursors import Place, place_of
from service.http.api.operation import ApiError, Call, Json, Operation, Reply
from service.http.api.parameters import (
    COMMAS,
    Label,
    ListParameters,
    Parameters,
    Text,
    labels_of,
)
from service.http.api.view import Entry, View, Views, counted_page
from service.http.guard.turns import Shared
from storage import SqlReader

_Found: TypeAlias = tuple[Entry, Finding]


class FindingParameters(ListParameters):
    """Filters of findings."""

    q: Text | None = Field(
        None, description="only findings that contain every word in their texts or endpoint"
    )
    endpoint: Text | None = Field(None, description="only of the endpoint with this key")
    label: tuple[Label, ...] = Field(
        (), max_length=32, description="only of targets with the label `NAME=VALUE`"
    )
    policy: Text | None = Field(None, description="only of this policy")
    rule: Text | None = Field(None, description="only of this rule, by name or identifier")
    severity: tuple[Severity, ...] = Field(
        (), min_length=1, json_schema_extra=COMMAS, description="only of one of these severities"
    )
    outcome: tuple[Outcome, ...] = Field(
        (), min_length=1, json_schema_extra=COMMAS, description="only with one of these outcomes"
    )
    status: tuple[FindingStatus, ...] = Field(
        (FindingStatus.OPEN, FindingStatus.WAIVED),
        min_length=1,
        json_schema_extra=COMMAS,
        description="only with one of these statuses. Default: `open`, `waived`",
    )
    sort: Literal["severity", "-severity", "first_seen_at", "-first_seen_at"] = Field(
        "-severity", description="the order; a leading minus reverses it"
    )


class FindingApi:
    """The handlers; ``store`` has the evidence and the past of findings."""

    def __init__(self, views: Views, store: SqlReader) -> None:
        self._views = views
        self._store = store
        self._resolved = Shared(store.resolved_findings)

    async def every(self, call: Call[FindingParameters, None]) -> Reply:
        """A page of findings."""
        query, view = call.query, await self._views.get()
        place = _PLACES[query.sort.removeprefix("-")]
        resolved = await self._resolved.get() if FindingStatus.RESOLVED in query.status else {}

        def found() -> Sequence[_Found]:
            labels = labels_of(query.label)
            every = chain(view.findings, _newest_resolved(view, resolved))
            return sorted((one for one in every if _matches(*one, query, labels)), key=place)

        shown = (answers.Finding, _finding_json)
        return Reply(value=await counted_page(found, place, query.sort, query, shown))

    async def one(self, call: Call[Parameters, None]) -> Reply:
        """One finding with its evidence."""
        known = await self._known(call)
        selection = Selection(keys=frozenset({known.endpoint_key}))
        stored = await self._store.findings(selection, with_resolved=True)
        evidence = next(
            (one.result.evidence for one in stored if one.fingerprint == known.fingerprint), None
        )
        full = finding_to_json(known, with_evidence=False)
        if evidence is not None:
            full["evidence"] = evidence_to_json(evidence)
        return Reply(value=full)

    async def history(self, call: Call[ListParameters, None]) -> Reply:
        """A page of the openings of a finding."""
        known = await self._known(call)
        openings = await self._store.openings(known.endpoint_key, known.result.identity)
        place, shown = _opening_place, (answers.Opening, _opening_json)
        return Reply(
            value=await counted_page(
                lambda: sorted(openings, key=place), place, "-opened_at", call.query, shown
            )
        )

    async def _known(self, call: Call[Any, Any]) -> Finding:
        """The finding of the path, as it is now or as it was resolved."""
        view, fingerprint = await self._views.get(), call.path("fingerprint")
        known = next((one for _, one in view.findings if one.fingerprint == fingerprint), None)
        if known is not None:
            return known
        every = _newest_resolved(view, await self._resolved.get())
        past = next((one for _, one in every if one.fingerprint == fingerprint), None)
        if past is None:
            raise ApiError(404, f"unknown finding {fingerprint!r}: GET /api/v1/findings lists all")
        return past


def _newest_resolved(view: View, resolved: Mapping[str, Sequence[Finding]]) -> Iterator[_Found]:
    """The newest opening of each finding that is not open now, of the endpoints of ``view``."""
    for key, findings in resolved.items():
        entry = view.entries.get(endpoint_id(key))
        if entry is not None:
            now = {one.result.identity for one in entry.status.findings}
            newest = {one.result.identity: one for one in findings}
            yield from ((entry, one) for name, one in newest.items() if name not in now)


def _matches(
    entry: Entry, finding: Finding, query: FindingParameters, labels: Mapping[str, str]
) -> bool:
    result, target = finding.result, entry.status.observation.endpoint.target
    return (
        query.endpoint in (None, entry.key)
        and labels.items() <= target.labels.items()
        and query.policy in (None, result.policy)
        and query.rule in (None, result.rule, result.rule_id)
        and (not query.severity or result.severity in query.severity)
        and (not query.outcome or result.outcome in query.outcome)
        and finding.status in query.status
        and (query.q is None or has_words(_text_of(finding), query.q))
    )


def _text_of(finding: Finding) -> str:
    result = finding.result
    words = (finding.endpoint_key, result.policy, result.rule_label, result.violation)
    return "\n".join((*words, result.observed)).lower()


def _opening_place(opening: Opening) -> Place:
    return place_of(opening.opened_at.timestamp(), "")


def _opening_json(opening: Opening) -> Json:
    result = opening.result
    return {
        "opened_at": time_to_json(opening.opened_at),
        "resolved_at": time_to_json(opening.resolved_at),
        "severity": result.severity.value,
        "outcome": result.outcome.value,
        "violation": result.violation,
        "observed": result.observed,
        "required": result.required,
    }


def _finding_json(found: _Found) -> Json:
    return finding_to_json(found[1], with_evidence=False)


_PLACES: Final[dict[str, Callable[[_Found], Place]]] = {
    "severity": lambda one: place_of(one[1].result.severity.rank, one[1].fingerprint),
    "first_seen_at": lambda one: place_of(one[1].first_seen_at.timestamp(), one[1].fingerprint),
}


OPERATIONS: Final[Sequence[Operation]] = (
    Operation(
        name="list_findings",
        tag="findings",
        summary="The findings of all endpoints.",
        path="/findings",
        handle=FindingApi.every,
        query=FindingParameters,
        answer=answers.Findings,
    ),
    Operation(
        name="get_finding",
        tag="findings",
        summary="One finding with its evidence.",
        path="/findings/{fingerprint}",
        handle=FindingApi.one,
        answer=answers.Finding,
    ),
    Operation(
        name="list_openings",
        tag="findings",
        summary="The history of a finding: each time that it opened, and when it was resolved.",
        path="/findings/{fingerprint}/history",
        handle=FindingApi.history,
        query=ListParameters,
        answer=answers.Openings,
    ),
)
"""The operations of this module."""
