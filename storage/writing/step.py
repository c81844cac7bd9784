"""One visit on its way into the tables: the endpoint's row and state before it, and its result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
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
    """One visit of a batch, which has no other visit to the same endpoint; the fields are set in their order.

    ``before`` is loaded as far as ``learns_other_facts`` and ``is_judged_otherwise`` need it. ``observation_id``
    is that of the same facts if the endpoint showed them before; otherwise ``body`` has the facts.
    ``dropped_bytes`` counts what is not written because the endpoint has reached its daily limit.
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
        """The step before anything else is loaded for it."""
        return cls(visit=visit, record=record, before=record.endpoint_state())

    @property
    def endpoint_id(self) -> int:
        """The endpoint's id."""
        return self.record.endpoint_id

    @property
    def is_outdated(self) -> bool:
        """Whether the visit verified facts from memory, and another process has stored newer ones."""
        verified = self.visit.verified_digest
        return verified is not None and verified != self.before.facts_digest

    @property
    def learns_other_facts(self) -> bool:
        """Whether the visit's facts differ from those of the previous visit."""
        return not self.is_outdated and needs_stretches(self.before, self.visit)

    @property
    def is_judged_otherwise(self) -> bool:
        """Whether the policies' judgement differs from that of the previous visit."""
        return not self.is_outdated and needs_findings(self.before, self.visit)

    @property
    def advanced(self) -> Advanced:
        """The result of the visit, once ``advance`` was called."""
        if self.done is None:
            raise ValueError(f"the visit to {self.visit.key} was not advanced")
        return self.done

    def advance(self) -> None:
        """Compute the result of the visit, and encode new facts; blocks while doing so.

        An outdated visit counts, and the newer facts and findings remain.
        """
        if self.is_outdated:
            self.done = advance_without_facts(self.before, replace(self.visit, assessment=None))
            return
        self.done = advance(self.before, self.visit)
        if self.done.transition is not None and self.observation_id is None:
            self.body = encode_body(self.visit.observation)

    def drop_facts(self) -> None:
        """Drop the facts: the visit counts, and the known facts remain."""
        self.body = None
        self.done = advance_without_facts(self.before, self.visit)
