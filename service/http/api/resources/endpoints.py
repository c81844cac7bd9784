"""Endpoints, and what one endpoint showed: its facts now and earlier, and its changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, TypeAlias

from pydantic import Field

from exporters.word_search import has_words
from model.encoding.change_json import change_to_json
from model.encoding.observation_json import target_to_json, to_json
from model.encoding.times_json import time_to_json
from model.findings.counts import finding_counts, worst_severity
from model.findings.finding import Severity
from model.judging.trust import endpoint_trust
from model.observation import State
from model.query import EVERYWHERE, Period, Selection
from model.snapshot import EndpointStatus
from model.target import Target, endpoint_id
from model.verdict import Verdict
from service.http.api import answers
from service.http.api.cursors import Place, place_of, row_end_of
from service.http.api.operation import Call, Json, Operation, Reply
from service.http.api.parameters import (
    COMMAS,
    Label,
    ListParameters,
    Moment,
    Parameters,
    Text,
    YesOrNo,
    labels_of,
)
from service.http.api.view import Entry, Views, counted_page, newest_page
from storage import SqlReader

_Sort: TypeAlias = Literal[
    "key",
    "-key",
    "expires_at",
    "-expires_at",
    "last_probe_at",
    "-last_probe_at",
    "severity",
    "-severity",
    "consecutive_failures",
    "-consecutive_failures",
    "config_changed_at",
    "-config_changed_at",
]


class EndpointParameters(ListParameters):
    """Filters of endpoints."""

    q: Text | None = Field(
        None,
        description="only endpoints that contain every word in their key, labels, source, reason or certificate names",
    )
    label: tuple[Label, ...] = Field(
        (), max_length=32, description="only with the label `NAME=VALUE`"
    )
    state: tuple[State, ...] = Field(
        (), min_length=1, json_schema_extra=COMMAS, description="only in one of these states"
    )
    answer: Literal["yes", "no"] | None = Field(
        None,
        description="only endpoints that answered the last visit with TLS, SSH or IKE, or only those that did not",
    )
    protocol: Text | None = Field(None, description="only of this application protocol")
    severity: Severity | None = Field(
        None, description="only with an open violation of this severity or a worse one"
    )
    policy: Text | None = Field(None, description="only endpoints to which this policy applies")
    compliance: Verdict | None = Field(
        None, description="only with this result of `policy`, or of any policy"
    )
    expires_before: Moment | None = Field(
        None, description="only with a certificate that expires before this time"
    )
    sort: _Sort = Field("key", description="the order; a leading minus reverses it")


class ChangeParameters(ListParameters):
    """Filters of changes."""

    since: Moment | None = Field(None, description="only from this time on")
    fact: tuple[Text, ...] = Field(
        (), min_length=1, max_length=50, json_schema_extra=COMMAS, description="only of these facts"
    )


class AllChangeParameters(ChangeParameters):
    """Filters of the changes of all endpoints."""

    label: tuple[Label, ...] = Field(
        (), max_length=32, description="only of targets with the label `NAME=VALUE`"
    )


class ObservationParameters(Parameters):
    """What to show of the newest facts."""

    evidence: YesOrNo = Field(True, description="whether to include the bytes that prove each fact")


class EndpointApi:
    """The handlers; ``views`` has the newest facts, ``store`` everything earlier."""

    def __init__(self, views: Views, store: SqlReader) -> None:
        self._views = views
        self._store = store

    async def every(self, call: Call[EndpointParameters, None]) -> Reply:
        """A page of endpoints."""
        query, view = call.query, await self._views.get()
        name = query.sort.removeprefix("-")
        place = _PLACES[name]

        def found() -> Sequence[Entry]:
            labels = labels_of(query.label)
            return [one for one in view.in_order(name, place) if _matches(one, query, labels)]

        shown = (answers.Endpoint, endpoint_json)
        return Reply(value=await counted_page(found, place, query.sort, query, shown))

    async def one(self, call: Call[Parameters, None]) -> Reply:
        """One endpoint."""
        view = await self._views.get()
        return Reply(value=endpoint_json(view.entry(call.path("id"))))

    async def observation(self, call: Call[ObservationParameters, None]) -> Reply:
        """The newest facts of an endpoint."""
        entry = (await self._views.get()).entry(call.path("id"))
        stored = await self._store.latest(entry.key)
        # What was just seen may not be stored yet; then there is no evidence either.
        observation = entry.status.observation if stored is None else stored
        return Reply(value=to_json(observation, with_evidence=call.query.evidence))

    async def periods(self, call: Call[ListParameters, None]) -> Reply:
        """A page of the history of an endpoint."""
        entry, query = (await self._views.get()).entry(call.path("id")), call.query
        found = await self._store.newest_periods(
            entry.key, limit=query.limit, after=row_end_of(query.cursor)
        )
        return Reply(value=newest_page(found, (answers.Period, _period_json), query.fields))

    async def changes_of_one(self, call: Call[ChangeParameters, None]) -> Reply:
        """A page of the changes of an endpoint."""
        entry = (await self._views.get()).entry(call.path("id"))
        return await self._changes(call.query, Selection(keys=frozenset({entry.key})))

    async def changes(self, call: Call[AllChangeParameters, None]) -> Reply:
        """A page of the changes of all endpoints."""
        labels = labels_of(call.query.label)
        return await self._changes(call.query, Selection(labels=labels) if labels else EVERYWHERE)

    async def _changes(self, query: ChangeParameters, selection: Selection) -> Reply:
        found = await self._store.newest_changes(
            selection,
            facts=query.fact,
            since=query.since,
            limit=query.limit,
            after=row_end_of(query.cursor),
        )
        return Reply(value=newest_page(found, (answers.Change, change_to_json), query.fields))


def endpoint_json(entry: Entry) -> Json:
    """The endpoint as ``answers.Endpoint`` describes it."""
    status, observation = entry.status, entry.status.observation
    worst, trust = worst_severity(status.findings), endpoint_trust(observation)
    return {
        "id": entry.id,
        "key": entry.key,
        "target": target_json(observation.endpoint.target),
        "address": observation.endpoint.address,
        "state": observation.state.value,
        "reason": observation.reason,
        "versions": [
            version.label
            for version, fact in sorted(observation.protocols.items())
            if fact.verdict is Verdict.YES
        ],
        "trusted": None if trust is None else trust.verdict.value,
        "expires_at": time_to_json(_ends_at(status)),
        "severity": None if worst is None else worst.value,
        "findings": dict(finding_counts(status.findings)),
        "compliance": {name: one.value for name, one in sorted(status.compliance.items())},
        "last_probe_at": time_to_json(status.last_probe_at),
        "last_success_at": time_to_json(status.last_success_at),
        "consecutive_failures": status.consecutive_failures,
        "interval_seconds": status.interval_seconds,
        "config_changed_at": time_to_json(status.config_changed_at),
        "certificate_changed_at": time_to_json(status.certificate_changed_at),
    }


def target_json(target: Target) -> Json:
    """The target as ``answers.Target`` describes it."""
    return {
        "id": endpoint_id(target.key),
        "key": target.key,
        **target_to_json(target),
        "source": target.source,
    }


def _period_json(period: Period) -> Json:
    return {
        "first_at": time_to_json(period.first_at),
        "last_at": time_to_json(period.last_at),
        "visits": period.visits,
        "transition": period.turn.value,
        "observation": to_json(period.observation, with_evidence=False),
    }


def _ends_at(status: EndpointStatus) -> datetime | None:
    """The earliest expiry of its own leaves."""
    ends = (chain.leaf.not_after for chain in status.observation.own_certificates)
    return min((one for one in ends if one is not None), default=None)


def _matches(entry: Entry, query: EndpointParameters, labels: Mapping[str, str]) -> bool:
    status, observation = entry.status, entry.status.observation
    target = observation.endpoint.target
    return (
        (not query.state or observation.state in query.state)
        and query.answer in (None, "yes" if observation.answered else "no")
        and query.protocol in (None, target.protocol)
        and labels.items() <= target.labels.items()
        and has_words(entry.text, query.q)
        and _is_as_bad(status, query.severity)
        and _complies(status, query.policy, query.compliance)
        and _expires_before(status, query.expires_before)
    )


def _is_as_bad(status: EndpointStatus, severity: Severity | None) -> bool:
    if severity is None:
        return True
    worst = worst_severity(status.findings)
    return worst is not None and worst.rank >= severity.rank


def _complies(status: EndpointStatus, policy: str | None, wanted: Verdict | None) -> bool:
    if policy is None:
        return wanted is None or wanted in status.compliance.values()
    found = status.compliance.get(policy)
    return found is not None and wanted in (None, found)


def _expires_before(status: EndpointStatus, moment: datetime | None) -> bool:
    ends_at = None if moment is None else _ends_at(status)
    return moment is None or (ends_at is not None and ends_at < moment)


def _severity_rank(entry: Entry) -> int:
    worst = worst_severity(entry.status.findings)
    return -1 if worst is None else worst.rank


def _time_place(moment: datetime | None, key: str) -> Place:
    return place_of(None if moment is None else moment.timestamp(), key)


_PLACES: Final[dict[str, Callable[[Entry], Place]]] = {
    "key": lambda one: place_of(one.key, one.key),
    "expires_at": lambda one: _time_place(_ends_at(one.status), one.key),
    "last_probe_at": lambda one: _time_place(one.status.last_probe_at, one.key),
    "severity": lambda one: place_of(_severity_rank(one), one.key),
    "consecutive_failures": lambda one: place_of(one.status.consecutive_failures, one.key),
    "config_changed_at": lambda one: _time_place(one.status.config_changed_at, one.key),
}
"""The place of an endpoint in each order."""


OPERATIONS: Final[Sequence[Operation]] = (
    Operation(
        name="list_endpoints",
        tag="endpoints",
        summary="The endpoints with their newest status.",
        path="/endpoints",
        handle=EndpointApi.every,
        query=EndpointParameters,
        answer=answers.Endpoints,
    ),
    Operation(
        name="get_endpoint",
        tag="endpoints",
        summary="One endpoint with its newest status.",
        path="/endpoints/{id}",
        handle=EndpointApi.one,
        answer=answers.Endpoint,
    ),
    Operation(
        name="get_observation",
        tag="endpoints",
        summary="The newest facts of an endpoint with their evidence.",
        path="/endpoints/{id}/observation",
        handle=EndpointApi.observation,
        query=ObservationParameters,
        answer=answers.Observation,
    ),
    Operation(
        name="list_observations",
        tag="endpoints",
        summary="The history of an endpoint: each period with the same facts, and the facts.",
        path="/endpoints/{id}/observations",
        handle=EndpointApi.periods,
        query=ListParameters,
        answer=answers.Periods,
    ),
    Operation(
        name="list_changes_of_endpoint",
        tag="endpoints",
        summary="The changes of an endpoint.",
        path="/endpoints/{id}/changes",
        handle=EndpointApi.changes_of_one,
        query=ChangeParameters,
        answer=answers.Changes,
    ),
    Operation(
        name="list_changes",
        tag="changes",
        summary="The changes of all endpoints.",
        path="/changes",
        handle=EndpointApi.changes,
        query=AllChangeParameters,
        answer=answers.Changes,
    ),
)
"""The operations of this module."""
