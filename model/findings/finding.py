"""What a policy derives from an Observation: rule results, and Findings with a lifecycle.

A rule's outcome is pass, fail, unknown, not asked or not applicable; unknown never counts as pass. A Finding
is one rule that one endpoint violates or is not proved to meet. It stays the same Finding when the observed
values change, so that it can be waived, resolved and reopened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final

from model.claims import WEAKNESS_RULE_ID
from model.claims.held import HeldClaim
from model.frozen import frozen
from model.verdict import Evidence, UnknownCause, Verdict


class Severity(StrEnum):
    """How severe a violation of the rule is; members are in ascending order."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the least severe."""
        return _RANKS[self]


_RANKS: Final = {severity: rank for rank, severity in enumerate(Severity)}


class Outcome(StrEnum):
    """A rule's result for an endpoint."""

    PASS = "pass"  # noqa: S105 (no password)
    FAIL = "fail"
    UNKNOWN = "unknown"
    """The facts that the rule needs were not proved."""
    NOT_ASKED = "not_asked"
    """The facts that the rule needs require a higher intrusiveness level."""
    NOT_APPLICABLE = "not_applicable"
    """The rule is about something that the endpoint does not have."""


def labelled_rule(name: str, rule_id: str | None) -> str:
    """A rule's name, followed by its identifier if that is known."""
    return name if rule_id is None else f"{name} ({rule_id})"


@frozen
class RuleResult:
    """The result of one rule of one policy for one endpoint.

    ``rule`` is the rule's name in the policy, ``rule_id`` its identifier in the catalogue, which stays the same
    when the rule is renamed (None in Findings that an older version stored). ``requirement`` says in one sentence
    what the rule asks for, ``violation`` what is wrong, with values; it is empty if nothing is wrong.
    ``observed`` is what was seen, ``required`` what would comply; ``source`` names the document and section
    behind the rule. ``cause`` is that of every unknown fact behind an unknown outcome, if they share one.
    """

    policy: str
    rule: str
    rule_id: str | None = None
    severity: Severity
    outcome: Outcome
    requirement: str
    violation: str = ""
    observed: str
    required: str
    source: str
    evidence: Evidence | None = None
    cause: UnknownCause | None = None

    @property
    def rule_label(self) -> str:
        """The rule's name with its identifier, as people read it: ``hsts (TP-HTTPS-002)``."""
        return labelled_rule(self.rule, self.rule_id)

    @property
    def identity(self) -> tuple[str, str]:
        """The key that distinguishes the results of one endpoint: policy and rule."""
        return self.policy, self.rule

    def fingerprint(self, endpoint_key: str) -> str:
        """The identity of the corresponding Finding: SHA-256, in hex, of endpoint, policy, rule."""
        identity = "\n".join((endpoint_key, self.policy, self.rule))
        # Two adjacent surrogates form one character, as they do after reading from JSON.
        paired = identity.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        return hashlib.sha256(paired.encode("utf-8", "surrogatepass")).hexdigest()


@frozen
class Assessment:
    """All results of all applicable policies for one endpoint, from one Observation.

    ``policies`` maps each policy's name to the digest of its text, so that a result can be traced to the exact
    policy version. If ``is_whole`` is false (the endpoint was not reached), a rule without a result was not
    evaluated; otherwise it no longer applies. ``claims`` are those of the target, as the visit shows them.
    """

    endpoint_key: str
    assessed_at: datetime
    policies: Mapping[str, str] = field(default_factory=dict)
    results: tuple[RuleResult, ...] = ()
    claims: tuple[HeldClaim, ...] = ()
    is_whole: bool = True

    def compliance(self, policy: str) -> Verdict:
        """No if a rule of ``policy`` fails, else unknown if one is unknown, else yes.

        A rule that was not asked does not count: it is listed separately wherever compliance is shown. Nor does
        what another scanner reports, which may be wrong without a fault of the endpoint.
        A policy that was not assessed here is unknown.
        """
        if policy not in self.policies:
            return Verdict.UNKNOWN
        outcomes = {
            result.outcome
            for result in self.results
            if result.policy == policy and result.rule_id != WEAKNESS_RULE_ID
        }
        if Outcome.FAIL in outcomes:
            return Verdict.NO
        is_proved = self.is_whole and Outcome.UNKNOWN not in outcomes
        return Verdict.YES if is_proved else Verdict.UNKNOWN

    def without_evidence(self) -> Assessment:
        """The same results without the bytes that prove them; the same object if it has none."""
        proofs = (*(one.evidence for one in self.results), *(one.evidence for one in self.claims))
        if all(proof is None for proof in proofs):
            return self
        bare = (replace(result, evidence=None) for result in self.results)
        claims = (one.without_evidence() for one in self.claims)
        return replace(self, results=tuple(bare), claims=tuple(claims))


class FindingStatus(StrEnum):
    """The state of a Finding in its lifecycle."""

    OPEN = "open"
    WAIVED = "waived"
    """Open, and accepted by a Waiver that has not expired."""
    RESOLVED = "resolved"


@frozen
class Waiver:
    """Findings that an owner accepts until a given day.

    It covers Findings of ``rule``, a name or an identifier (of ``policy``, or of any policy if None) at the endpoints of ``target`` (a
    target's or an endpoint's key, or None) that have all of ``labels``.
    """

    name: str
    rule: str
    reason: str
    owner: str
    expires_at: datetime
    policy: str | None = None
    target: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def last_day(self) -> date:
        """The last day (UTC) on which it holds: the day that its owner wrote, whose end is ``expires_at``."""
        return (self.expires_at.astimezone(UTC) - timedelta.resolution).date()


@frozen
class Finding:
    """A rule that an endpoint violates, with its lifecycle.

    ``result`` is the newest. ``reopened`` counts how often it came back after it was resolved; ``waiver`` is set
    if ``status`` is waived, and also if the waiver has expired.
    """

    endpoint_key: str
    result: RuleResult
    status: FindingStatus
    first_seen_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None = None
    reopened: int = 0
    waiver: Waiver | None = None

    @property
    def fingerprint(self) -> str:
        """Its identity across all endpoints: ``RuleResult.fingerprint``."""
        return self.result.fingerprint(self.endpoint_key)
