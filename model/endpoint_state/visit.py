"""A Visit: what one visit to an endpoint found out, when the next one is due, and the policy results."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from model.encoding.assessment_digest import assessment_digest
from model.encoding.facts_digest import facts_digest
from model.endpoint_state.schedule import Schedule
from model.findings.finding import Assessment
from model.observation import Observation


@dataclass(frozen=True, kw_only=True)
class Visit:
    """One visit to one endpoint.

    Without an ``assessment`` the endpoint's Findings and compliance stay as they are. The digests need a hash
    over all facts and all results; they are computed at first use. With a ``verified_digest``, the visit only
    confirmed the facts that it identifies, which were held in memory: it has no evidence for them, and says
    nothing if other facts are stored by now.

    Raises:
        ValueError: if the schedule or the assessment belongs to another endpoint.
    """

    observation: Observation
    schedule: Schedule
    assessment: Assessment | None = None
    verified_digest: str | None = None

    def __post_init__(self) -> None:
        key = self.observation.endpoint.key
        if self.schedule.endpoint_key != key:
            raise ValueError(
                f"the schedule of {self.schedule.endpoint_key} came with an observation of {key}"
            )
        if self.assessment is not None and self.assessment.endpoint_key != key:
            raise ValueError(
                f"the assessment of {self.assessment.endpoint_key} came with an observation of {key}"
            )

    @property
    def key(self) -> str:
        """The endpoint's key."""
        return self.schedule.endpoint_key

    def make_digests(self) -> None:
        """Compute both digests now, in a thread, so that later readers need not wait."""
        _ = (self.facts_digest, self.assessment_digest)

    @property
    def started_at(self) -> datetime:
        """When the visit began."""
        return self.observation.started_at

    @cached_property
    def ended_at(self) -> datetime:
        """When the visit ended."""
        return self.observation.ended_at

    @cached_property
    def facts_digest(self) -> str:
        """Identifies the facts that the visit found."""
        return self.verified_digest or facts_digest(self.observation)

    @cached_property
    def assessment_digest(self) -> str | None:
        """Identifies the policy results; None without an assessment."""
        return None if self.assessment is None else assessment_digest(self.assessment)
