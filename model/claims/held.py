"""A claim compared with one visit: its verdict, what was seen, and the bytes that prove it."""

from __future__ import annotations

from dataclasses import replace

from model.claims.claim import Claim, ClaimVerdict
from model.frozen import frozen
from model.verdict import Evidence


@frozen
class HeldClaim:
    """One claim of one endpoint. ``observed`` is what was seen, or why the claim is unprovable or not reached."""

    claim: Claim
    verdict: ClaimVerdict
    observed: str
    evidence: Evidence | None = None

    def without_evidence(self) -> HeldClaim:
        """The same without the bytes that prove it."""
        return self if self.evidence is None else replace(self, evidence=None)
