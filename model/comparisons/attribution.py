"""Who caused a Change: the call that a cloud's audit trail records for the resource of the endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from model.frozen import frozen
from model.target import Target


@frozen
class RecordedCall:
    """One call of an audit trail. Texts are the trail's own.

    ``is_own`` is true if the caller says that it is tlsprobe. ``others`` counts further calls of the same time that
    can have caused the same Change; this one is the newest.
    """

    name: str
    at: datetime
    event_id: str
    principal: str
    source_address: str
    is_own: bool = False
    others: int = 0


@frozen
class TrailEvent:
    """A ``call`` that an audit trail reported on its own, in an ``account``, with the ``resources`` that it names."""

    account: str
    resources: tuple[str, ...]
    call: RecordedCall


@frozen
class Attribution:
    """The ``call`` that caused a Change; without one, ``unknown`` says why, as a clause."""

    call: RecordedCall | None = None
    unknown: str = ""


@frozen
class Unattributed:
    """Changes that one visit showed ``at``: their ``facts`` by the Store's identifiers.

    ``since`` is when a visit last showed the state before; None if that is not stored.
    """

    endpoint_key: str
    target: Target
    at: datetime
    since: datetime | None
    facts: Mapping[int, str] = field(hash=False)
