"""What a worker remembers of its visits, so that an unchanged endpoint is verified without reading its Observation.

Other workers visit the same endpoints. So the digests of the stored facts and results, which a job reads for all its
endpoints at once, decide before each visit whether memory is up to date.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeAlias

from model.endpoint_state import Advanced, Visit
from model.observation import Observation
from model.target import Endpoint
from model.verification.remembered import Remembered
from service.inventory.remembered_visits import Planning, RememberedVisits, no_plan
from service.inventory.shared_parts import SharedParts
from service.inventory.without_evidence import without_evidence
from storage import LastVisit

MOST_REMEMBERED: Final = 1_000_000
"""With equal configurations, and a name and leaf of its own for each endpoint, these take 4 GB."""

IsStillJudged: TypeAlias = Callable[[Observation, Endpoint, datetime], bool]
"""Whether the judgement of known chains holds for an endpoint at a time."""


class WorkerMemory:
    """The newest stored visits that this worker made, at most ``most``; by default none."""

    def __init__(
        self,
        plan: Planning = no_plan,
        is_still_judged: IsStillJudged = lambda *_: True,
        most: int = MOST_REMEMBERED,
    ) -> None:
        self._is_still_judged = is_still_judged
        self._parts = SharedParts()
        self._visits = RememberedVisits(plan, self._parts, most)

    def recall(self, endpoint: Endpoint, stored: LastVisit, now: datetime) -> Remembered | None:
        """What is remembered of the endpoint, if the database has the same and the chains need no new judgement."""
        known = self._visits.get(endpoint.key)
        if known is None:
            return None
        if known.facts_digest != stored.facts_digest:
            return None
        if known.assessment_digest != stored.assessment_digest:
            return None
        return known if self._is_still_judged(known.facts, endpoint, now) else None

    def visit_stored(self, visit: Visit, advanced: Advanced) -> None:
        """Remember the visit, if it can be verified by a plan."""
        self._visits.visit_stored(visit, advanced, self._facts_of(visit))

    def _facts_of(self, visit: Visit) -> Observation:
        """The facts in shared parts; those that the visit verified from memory are so already."""
        known = self._visits.get(visit.key)
        if known is not None and known.facts_digest == visit.verified_digest:
            seen = visit.observation
            return replace(known.facts, endpoint=seen.endpoint, started_at=seen.started_at)
        return self._parts.shared_by(without_evidence(visit.observation))
