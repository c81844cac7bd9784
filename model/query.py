"""What the Store can be asked beyond the newest facts: of which endpoints, and the answers' forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from model.observation import Observation
from model.snapshot import EndpointStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The endpoints that a question is about; what is None or empty leaves none out.

    ``place`` is a host, a target's key or an endpoint's key; ``labels`` are all to be carried by the
    target, as it was last visited; ``keys`` are the keys of the endpoints themselves.
    """

    place: str | None = None
    keys: frozenset[str] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


EVERYWHERE = Selection()


@dataclass(frozen=True, slots=True, kw_only=True)
class PageEnd:
    """Where a page of endpoints ended, by which the next one is asked for."""

    not_after: datetime
    endpoint_id: int


class Transition(StrEnum):
    """What the first visit of a Period was to the ones before it."""

    FIRST = "first"
    """None came before it."""
    SAME = "same"
    """What both know is the same; other facts are unknown now, or known again."""
    CHANGED = "changed"
    """A fact is another than it was: there are Changes."""
    FLAPPING = "flapping"
    """Facts of not long ago came back, as they keep doing: no Changes are made of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Visits in a row that learnt the same, from the first one's start to the newest one's.

    ``observation`` has the facts without their evidence, of the first visit that ever learnt them.
    """

    endpoint_key: str
    turn: Transition
    first_at: datetime
    last_at: datetime
    visits: int
    observation: Observation


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some endpoints, those first whose certificate ends first; ``end`` is None on the last page."""

    endpoints: tuple[EndpointStatus, ...]
    end: PageEnd | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceEvent:
    """Something that happened to the service itself; ``kind`` is a word, ``sentence`` is for people.

    ``endpoint_key`` is that of the endpoint that it is about; None where it is about none.
    """

    at: datetime
    kind: str
    sentence: str
    endpoint_key: str | None = None
