"""What a policy makes of an Observation: results of rules, and Findings with a life of their own.

A rule's outcome is pass, fail, unknown, not asked or not applicable; unknown never counts as pass. A Finding is
one rule not met, or not proved to be met, by one endpoint: whatever the rule found at one time and
another, it stays the same Finding, so that it can be waived, resolved and reopened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from model.verdict import Evidence, Verdict


class Severity(StrEnum):
    """How bad it is that a rule is not met; the members stand in rising order."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for the least."""
        return list(Severity).index(self)


class Outcome(StrEnum):
    """What a rule says of an endpoint."""

    PASS = "pass"  # noqa: S105 (no password)
    FAIL = "fail"
    UNKNOWN = "unknown"
    """The facts that it needs were not proved."""
    NOT_ASKED = "not_asked"
    """The facts that it needs are asked only at a higher level of intrusiveness."""
    NOT_APPLICABLE = "not_applicable"
    """It speaks of something that the endpoint does not have."""


def labelled_rule(name: str, rule_id: str | None) -> str:
    """A rule's name, followed by its identifier where that is known."""
    return name if rule_id is None else f"{name} ({rule_id})"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """What one rule of one policy says of one endpoint.

    ``rule`` is the rule's name in the policy, ``rule_id`` its identifier in the catalogue, which no
    rename changes (None in findings stored before there were any). ``requirement`` says in one sentence
    what the rule asks for, ``violation`` what is wrong, with values; it is empty where nothing is.
    ``observed`` and ``required`` are the facts behind the two; ``source`` names the document and section
    that the rule comes from.
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

    @property
    def rule_label(self) -> str:
        """The rule's name with its identifier, as people read it: ``hsts (TP-HTTPS-002)``."""
        return labelled_rule(self.rule, self.rule_id)

    @property
    def identity(self) -> tuple[str, str]:
        """Policy and rule: no two results of one endpoint have the same."""
        return self.policy, self.rule

    def fingerprint(self, endpoint_key: str) -> str:
        """The identity of the Finding that this may be: SHA-256, in hex, of endpoint, policy, rule."""
        identity = "\n".join((endpoint_key, self.policy, self.rule))
        # Two adjacent surrogates are one character, as they are once read from JSON.
        paired = identity.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
        return hashlib.sha256(paired.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """All results of all policies that hold for one endpoint, by one Observation.

    ``policies`` has the digest of each policy's text by its name, so that a result can be traced to
    the text that it was made by. Where ``is_whole`` is false (the endpoint was not reached), rules that
    have no result were not decided; else they do not hold any more.
    """

    endpoint_key: str
    assessed_at: datetime
    policies: Mapping[str, str] = field(default_factory=dict)
    results: tuple[RuleResult, ...] = ()
    is_whole: bool = True

    def compliance(self, policy: str) -> Verdict:
        """No where a rule of ``policy`` fails, else unknown where one is, else yes.

        A rule that was not asked does not count: it is listed apart wherever compliance is shown.
        A policy that was not assessed here is unknown.
        """
        if policy not in self.policies:
            return Verdict.UNKNOWN
        outcomes = {result.outcome for result in self.results if result.policy == policy}
        if Outcome.FAIL in outcomes:
            return Verdict.NO
        is_proved = self.is_whole and Outcome.UNKNOWN not in outcomes
        return Verdict.YES if is_proved else Verdict.UNKNOWN

    def without_evidence(self) -> Assessment:
        """The same words without the bytes that prove them; the same object where it has none."""
        if all(result.evidence is None for result in self.results):
            return self
        bare = (replace(result, evidence=None) for result in self.results)
        return replace(self, results=tuple(bare))


class FindingStatus(StrEnum):
    """Where a Finding is in its life."""

    OPEN = "open"
    WAIVED = "waived"
    """Open, and accepted by a Waiver that has not expired."""
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """Findings that somebody answers for, until a day.

    It is for those of ``rule``, a name or an identifier (of ``policy``, or of any where that is None),
    at the endpoints of ``target`` (a target's or an endpoint's key, or None) that carry all of ``labels``.
    """

    name: str
    rule: str
    reason: str
    owner: str
    expires_at: datetime
    policy: str | None = None
    target: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule not met by an endpoint, with its life.

    ``result`` is the newest. ``reopened`` counts how often it came back after it was resolved;
    ``waiver`` is there where ``status`` is waived, and where an expired one had it waived.
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
        """Its identity among those of all endpoints: ``RuleResult.fingerprint``."""
        return self.result.fingerprint(self.endpoint_key)
