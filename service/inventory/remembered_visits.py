"""What the next visit to an endpoint may take for known without reading the database: the stored facts, and a plan.

Only visits of this process are remembered, once they are stored. If another process stores newer facts meanwhile, the
database notices at the next visit, and the endpoint is forgotten here. A worker knows before the visit.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from datetime import UTC, datetime
from typing import TypeAlias

from model.endpoint_state import Advanced, Visit
from model.observation import Observation
from model.section_kinds.kind import PartSharer
from model.verification.plan import VerificationPlan
from model.verification.remembered import Remembered

Planning: TypeAlias = Callable[[Observation], VerificationPlan | None]
"""The plan to verify an Observation that has its evidence; None if that takes more than a plan."""


def no_plan(_: Observation) -> None:
    """Where nothing is remembered: every visit reads the database."""
    return


class RememberedVisits:
    """The newest stored visit of each endpoint that can be verified by a plan; equal plans are one object.

    With ``most``, the endpoints whose visits are the oldest are forgotten.
    """

    def __init__(self, plan: Planning, parts: PartSharer, most: int | None = None) -> None:
        self._plan = plan
        self._parts = parts
        self._most = most
        self._by_key: dict[str, Remembered] = {}
        self._since = datetime.min.replace(tzinfo=UTC)

    def get(self, endpoint_key: str) -> Remembered | None:
        """What is remembered of the endpoint."""
        return self._by_key.get(endpoint_key)

    def visit_finished(self, visit: Visit) -> None:
        """Forget the endpoint if the visit learned facts of its own, until they are stored."""
        if visit.verified_digest is None:
            self._by_key.pop(visit.key, None)

    def visit_stored(self, visit: Visit, advanced: Advanced, shown: Observation | None) -> None:
        """Remember the visit, whose facts are ``shown`` without evidence, if the database has the same facts now."""
        known = self._by_key.pop(visit.key, None)
        stored = advanced.state
        is_shown = shown is not None and shown.started_at == visit.started_at >= self._since
        if not is_shown or stored.facts_digest != visit.facts_digest:
            return
        plan = self._plan_of(visit, known)
        if shown is not None and plan is not None:
            self._by_key[visit.key] = Remembered(
                facts=shown,
                plan=plan,
                facts_digest=visit.facts_digest,
                assessment_digest=visit.assessment_digest or stored.assessment_digest,
            )
        if self._most is not None and len(self._by_key) > self._most:
            del self._by_key[next(iter(self._by_key))]

    def _plan_of(self, visit: Visit, known: Remembered | None) -> VerificationPlan | None:
        if visit.verified_digest is None:
            plan = self._plan(visit.observation)
            return None if plan is None else self._parts.part(plan)
        return known.plan if known and known.facts_digest == visit.verified_digest else None

    def forget(self, endpoint_key: str) -> None:
        """Let the endpoint's next visit read the database."""
        self._by_key.pop(endpoint_key, None)

    def forget_all(self, now: datetime) -> None:
        """Let every endpoint's next visit read the database: visits that began before ``now`` had other settings."""
        self._since = now
        self._by_key.clear()

    def keep_only(self, endpoint_keys: Container[str]) -> None:
        """Forget all other endpoints."""
        self._by_key = {key: one for key, one in self._by_key.items() if key in endpoint_keys}
