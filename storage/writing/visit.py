"""What one visit hands to the store, and the digests by which a visit is known to bring nothing new."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from model.encoding.facts_digest import facts_digest
from model.findings.finding import Assessment, RuleResult
from model.observation import Observation
from model.ports import Schedule

_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit; ``facts_digest`` identifies its facts, ``assessment_digest`` what was made of them."""

    observation: Observation
    schedule: Schedule
    assessment: Assessment | None
    facts_digest: str
    assessment_digest: str | None

    @classmethod
    def of(
        cls, observation: Observation, schedule: Schedule, assessment: Assessment | None
    ) -> Visit:
        """The visit with its digests.

        Raises:
            ValueError: where the schedule or the assessment is another endpoint's.
        """
        key = observation.endpoint.key
        if schedule.endpoint_key != key:
            raise ValueError(
                f"the schedule of {schedule.endpoint_key} came with an observation of {key}"
            )
        if assessment is not None and assessment.endpoint_key != key:
            raise ValueError(
                f"the assessment of {assessment.endpoint_key} came with an observation of {key}"
            )
        return cls(
            observation=observation,
            schedule=schedule,
            assessment=assessment,
            facts_digest=facts_digest(observation),
            assessment_digest=None if assessment is None else assessment_digest(assessment),
        )

    @property
    def key(self) -> str:
        """The endpoint's."""
        return self.schedule.endpoint_key

    @property
    def ended_at(self) -> datetime:
        """When the visit was over."""
        return self.observation.started_at + timedelta(
            seconds=self.observation.cost.duration_seconds
        )


def assessment_digest(assessment: Assessment) -> str:
    """The SHA-256, in hex, of what is said, by which policies; not of its time or its evidence."""
    policies = (f"{name}={digest}" for name, digest in sorted(assessment.policies.items()))
    texts = [str(assessment.is_whole), *policies]
    for result in assessment.results:
        texts += result_texts(result)
    return _digest(texts)


def result_digest(result: RuleResult) -> str:
    """The SHA-256, in hex, of a result's texts."""
    return _digest(result_texts(result))


def result_texts(result: RuleResult) -> tuple[str, ...]:
    """All of a result but its evidence."""
    return (
        result.policy,
        result.rule,
        result.rule_id or "",
        result.severity,
        result.outcome,
        result.requirement,
        result.violation,
        result.observed,
        result.required,
        result.source,
    )


def _digest(texts: list[str] | tuple[str, ...]) -> str:
    # What is quoted from a server may hold half a character; any bytes do for a digest.
    return hashlib.sha256(_SEPARATOR.join(texts).encode(errors="surrogatepass")).hexdigest()
