"""What a process holds in memory of an endpoint, so that the next visit can verify it without reading the database."""

from __future__ import annotations

from typing import TypeAlias

from model.frozen import frozen
from model.observation import Observation
from model.verification.plan import VerificationPlan


@frozen
class Remembered:
    """The last stored visit: its ``facts`` without evidence and raw certificates, and the plan to verify them.

    The digests identify the stored facts, and the policy results for them.
    """

    facts: Observation
    plan: VerificationPlan
    facts_digest: str
    assessment_digest: str | None


Known: TypeAlias = Observation | Remembered
"""What a visit may take for known: the last stored Observation, or what this process remembers of it."""
