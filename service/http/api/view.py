"""What lists of the newest facts read: the Inventory's Snapshot with an identifier and a text for each endpoint.

It is made once for all clients, in a thread, and again when it is older than nineteen times what that took. No list
of the newest facts alone reads the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

from pydantic import BaseModel

from model.certificates.inventory import Held, certificate_inventory
from model.claims.resource_claim import ResourceClaim
from model.findings.finding import Finding
from model.frozen import frozen
from model.query import NewestFirst
from model.snapshot import EndpointStatus, Snapshot
from model.target import endpoint_id
from service.http.api.cursors import Place, page_of, row_cursor
from service.http.api.operation import ApiError, Json
from service.http.api.parameters import ListParameters
from service.http.guard.turns import Shared

T = TypeVar("T")


@frozen
class Entry:
    """One endpoint: its ``id`` in URLs, its status, and in lower case what full text search looks at."""

    id: str
    status: EndpointStatus
    text: str

    @property
    def key(self) -> str:
        """The endpoint's key."""
        return self.status.observation.endpoint.key


@dataclass(frozen=True)
class View:
    """The endpoints of one Snapshot by ``id``, and its claims about resources without one."""

    entries: Mapping[str, Entry]
    resource_claims: Sequence[ResourceClaim] = ()
    _orders: dict[str, Sequence[Entry]] = field(default_factory=dict)

    def in_order(self, name: str, place: Callable[[Entry], Place]) -> Sequence[Entry]:
        """The endpoints ordered by ``place``, the order of this ``name``: sorted once for all requests."""
        if name not in self._orders:
            self._orders[name] = sorted(self.entries.values(), key=place)
        return self._orders[name]

    @cached_property
    def certificates(self) -> Sequence[Held]:
        """The leaves that endpoints serve now, earliest expiry first."""
        statuses = (one.status for one in self.entries.values())
        return certificate_inventory(statuses).held

    @property
    def findings(self) -> Iterator[tuple[Entry, Finding]]:
        """The unresolved findings with their endpoints."""
        return ((entry, one) for entry in self.entries.values() for one in entry.status.findings)

    def entry(self, endpoint_id: str) -> Entry:
        """The endpoint with this ``id``; raises ApiError."""
        found = self.entries.get(endpoint_id)
        if found is None:
            raise ApiError(
                404, f"unknown endpoint {endpoint_id!r}: GET /api/v1/endpoints lists all"
            )
        return found


class Views:
    """Makes the View of the newest Snapshot, which ``snapshot`` returns in the event loop."""

    def __init__(self, snapshot: Callable[[], Snapshot]) -> None:
        self._snapshot = snapshot
        self._shared = Shared(self._made)

    async def get(self) -> View:
        """The newest View."""
        return await self._shared.get()

    async def _made(self) -> View:
        return await asyncio.to_thread(view_of, self._snapshot())


def view_of(snapshot: Snapshot) -> View:
    """The View of a Snapshot."""
    entries = (
        Entry(id=endpoint_id(key), status=one, text=_text_of(one))
        for one in snapshot.endpoints
        for key in (one.observation.endpoint.key,)
    )
    return View({one.id: one for one in entries}, snapshot.resource_claims)


def _text_of(status: EndpointStatus) -> str:
    observation = status.observation
    target = observation.endpoint.target
    words = [observation.endpoint.key, observation.reason or "", target.source]
    words += [f"{name}={value}" for name, value in target.labels.items()]
    for one in observation.own_certificates:
        words += [one.leaf.subject or "", one.leaf.issuer or "", *one.leaf.dns_names]
    return "\n".join(words).lower()


def selected(model: type[BaseModel], value: Json, fields: Sequence[str]) -> Json:
    """The fields of ``value`` that the client wants; raises ApiError for one that ``model`` does not have."""
    if not fields:
        return value
    unknown = next((one for one in fields if one not in model.model_fields), None)
    if unknown is not None:
        known = ", ".join(model.model_fields)
        raise ApiError(400, f"unknown field {unknown[:60]!r}: use {known}")
    return {name: value[name] for name in fields if name in value}


async def counted_page(
    every: Callable[[], Sequence[T]],
    place: Callable[[T], Place],
    sort: str,
    query: ListParameters,
    shown: tuple[type[BaseModel], Callable[[T], Json]],
) -> dict[str, Any]:
    """The page that ``query`` wants of what ``every`` returns, ordered by ``place``; both are called in a thread.

    ``shown`` is the type of an item, and what writes its JSON.
    """

    def made() -> dict[str, Any]:
        found = every()
        some, cursor = page_of(found, place, sort, query.limit, query.cursor)
        model, write = shown
        items = [selected(model, write(one), query.fields) for one in some]
        return {"items": items, "next": cursor, "total": len(found)}

    selected(shown[0], {}, query.fields)
    return await asyncio.to_thread(made)


def newest_page(
    found: NewestFirst[T], shown: tuple[type[BaseModel], Callable[[T], Json]], fields: Sequence[str]
) -> Json:
    """A page of what grows with time; ``shown`` is as in ``counted_page``."""
    model, write = shown
    selected(model, {}, fields)
    items = [selected(model, write(one), fields) for one in found.items]
    return {"items": items, "next": row_cursor(found.end)}
