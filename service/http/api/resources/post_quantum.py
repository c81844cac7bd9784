"""Post-quantum key exchange: endpoints in the order in which they should get it, with the deadlines that they miss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final, Literal, TypeAlias

from pydantic import Field

from exporters.word_search import has_words
from model.encoding.times_json import time_to_json
from model.judging.exposure import Exposure, exposure_of, migration_order
from model.judging.quantum import (
    NEVER_PROVED,
    QuantumHistory,
)
from model.ports import Clock
from model.query import EVERYWHERE, Selection
from model.verdict import Verdict
from service.http.api.answers import CountedPage, Item
from service.http.api.cursors import Place, place_of
from service.http.api.operation import Call, Json, Operation, Reply
from service.http.api.parameters import Label, ListParameters, Text, labels_of
from service.http.api.view import Entry, Views, counted_page
from storage import SqlReader

_Exposed: TypeAlias = tuple[Entry, Exposure]
_Deadline = Literal["us-order-2026", "cnsa-2.0", "nist-ir-8547"]


class QuantumAnswer(Item):
    """One endpoint that answered; `deadlines_missed` is by name, and `no` once post-quantum key exchange is proved."""

    id: str
    endpoint: str
    target: str
    labels: dict[str, str]
    key_exchange: Verdict = Field(description="whether post-quantum key exchange is proved")
    secrecy_years: int | None
    migration_years: int | None
    deadlines_missed: dict[str, Verdict]
    first_proved_at: datetime | None = Field(description="null if no stored visit proved it")
    lost_at: datetime | None = Field(
        description="the first visit after the newest proof that proves the opposite"
    )


class QuantumList(CountedPage):
    """A page of endpoints, those that should change first before the others."""

    items: list[QuantumAnswer]


class QuantumParameters(ListParameters):
    """Filters of endpoints."""

    q: Text | None = Field(
        None,
        description="only endpoints that contain every word in their key, labels, source, reason or certificate names",
    )
    key_exchange: Verdict | None = Field(
        None, description="only with this verdict on post-quantum key exchange"
    )
    misses: _Deadline | None = Field(
        None, description="only endpoints that certainly miss this deadline"
    )
    label: tuple[Label, ...] = Field(
        (), max_length=32, description="only of targets with the label `NAME=VALUE`"
    )
    sort: Literal["migration", "-migration"] = Field(
        "migration",
        description="the order: those without it first, and of these the most years; a leading minus reverses it",
    )


class QuantumApi:
    """The handlers; ``views`` has the newest facts, ``store`` what earlier visits proved."""

    def __init__(self, views: Views, store: SqlReader, clock: Clock) -> None:
        self._views = views
        self._store = store
        self._clock = clock

    async def every(self, call: Call[QuantumParameters, None]) -> Reply:
        """A page of endpoints."""
        query, view, now = call.query, await self._views.get(), self._clock.now()
        labels = labels_of(query.label)
        selection = Selection(labels=labels) if labels else EVERYWHERE
        history = await self._store.quantum_history(selection)

        def found() -> Sequence[_Exposed]:
            answered = (one for one in view.entries.values() if one.status.observation.answered)
            chosen = (one for one in map(_exposed, answered) if _is_wanted(one, query, labels, now))
            return sorted(chosen, key=_place)

        shown = (QuantumAnswer, partial(_to_json, history=history, now=now))
        return Reply(value=await counted_page(found, _place, query.sort, query, shown))


def _exposed(entry: Entry) -> _Exposed:
    return entry, exposure_of(entry.status.observation)


def _is_wanted(
    one: _Exposed, query: QuantumParameters, labels: Mapping[str, str], now: datetime
) -> bool:
    entry, exposure = one
    return (
        labels.items() <= entry.status.observation.endpoint.target.labels.items()
        and query.key_exchange in (None, exposure.key_exchange)
        and (query.misses is None or exposure.deadlines(now)[query.misses] is Verdict.YES)
        and has_words(entry.text, query.q)
    )


def _place(one: _Exposed) -> Place:
    entry, exposure = one
    verdict, years, _ = migration_order(exposure, entry.key)
    return place_of(verdict * _MOST_YEARS + years, entry.key)


_MOST_YEARS: Final = 10_000
"""More than two labels can state."""


def _to_json(one: _Exposed, *, history: Mapping[str, QuantumHistory], now: datetime) -> Json:
    entry, exposure = one
    target, past = entry.status.observation.endpoint.target, history.get(entry.key, NEVER_PROVED)
    return {
        "id": entry.id,
        "endpoint": entry.key,
        "target": target.key,
        "labels": dict(target.labels),
        "key_exchange": exposure.key_exchange.value,
        "secrecy_years": exposure.years.secrecy,
        "migration_years": exposure.years.migration,
        "deadlines_missed": {
            name: verdict.value for name, verdict in exposure.deadlines(now).items()
        },
        "first_proved_at": time_to_json(past.first_proved_at),
        "lost_at": time_to_json(past.lost_at),
    }


OPERATIONS: Final[Sequence[Operation]] = (
    Operation(
        name="list_post_quantum",
        tag="endpoints",
        summary="Endpoints in the order in which they should get post-quantum key exchange.",
        path="/post-quantum",
        handle=QuantumApi.every,
        query=QuantumParameters,
        answer=QuantumList,
    ),
)
"""The operations of this module."""
