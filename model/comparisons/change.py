"""A fact that differs between two Observations of one endpoint, with a sentence for people."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from model.comparisons.attribution import Attribution
from model.frozen import frozen


class ChangeKind(StrEnum):
    """How the fact changed."""

    APPEARED = "appeared"
    VANISHED = "vanished"
    CHANGED = "changed"


@frozen
class Change:
    """One fact that changed.

    ``fact`` is its path in the Observation's JSON, such as ``protocols.TLSv1.0``; ``before`` and ``after`` are
    short texts, None if there was or is nothing; ``sentence`` is for people. ``attribution`` is None until an audit
    trail has been asked, and where none is.
    """

    endpoint_key: str
    at: datetime
    fact: str
    kind: ChangeKind
    before: str | None
    after: str | None
    sentence: str
    attribution: Attribution | None = None
