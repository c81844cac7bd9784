"""A visit on its way into the tables: the endpoint's row and state before it, and what it does to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sqlalchemy import Row

from model.endpoint_state import (
    Advanced,
    EndpointState,
    Visit,
    advance,
    advance_without_facts,
    needs_findings,
    needs_stretches,
)
from storage.rows.body import Body, encode_body
from storage.writing.status_rows import StatusRecord

FindingRows: TypeAlias = Mapping[tuple[str, str], Row[*tuple[Any, ...]]]
"""The row of each Finding's newest opening, by policy and rule."""


@dataclass(slots=True, kw_only=True)
class Step:
    """One visit of a batch, each of another endpoint; made in the order of the fields.

    ``before`` is loaded as far as ``learns_other_facts`` and ``is_judged_otherwise`` need it. ``observation_id`` is
    that of the same facts, where the endpoint showed them before, and ``body`` the facts where it did not.
    ``dropped_bytes`` is what of the visit is not written, for the endpoint has stored too much.
    """

    visit: Visit
    record: StatusRecord
    before: EndpointState
    finding_rows: FindingRows = field(default_factory=dict)
    observation_id: int | None = None
    done: Advanced | None = None
    body: Body | None = None
    with_certificates: bool = True
    dropped_bytes: int = 0

    @classmethod
    def of(cls, visit: Visit, record: StatusRecord) -> Step:
        """The step before anything is loaded for it."""
        return cls(visit=visit, record=record, before=record.endpoint_state())

    @property
    def endpoint_id(self) -> int:
        """The endpoint's."""
        return self.record.endpoint_id

    @property
    def learns_other_facts(self) -> bool:
        """Whether the visit learned other facts than the one before."""
        return needs_stretches(self.before, self.visit)

    @property
    def is_judged_otherwise(self) -> bool:
        """Whether policies say something else than of the visit before."""
        return needs_findings(self.before, self.visit)

    @property
    def advanced(self) -> Advanced:
        """What the visit does, once ``advance`` was called."""
        if self.done is None:
            raise ValueError(f"the visit to {self.visit.key} was not advanced")
        return self.done

    def advance(self) -> None:
        """Find out what the visit does, and encode facts that are new; blocks for as long as that takes."""
        self.done = advance(self.before, self.visit)
        if self.done.transition is not None and self.observation_id is None:
            self.body = encode_body(self.visit.observation)

    def drop_facts(self) -> None:
        """Leave the facts out: the visit counts, and what was known before stays."""
        self.body = None
        self.done = advance_without_facts(self.before, self.visit)
