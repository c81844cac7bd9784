"""What notifiers report: an Alert is active while something is wrong at a target; an Event is its start or end.

An Alert is one rule not met, or one certificate near its end, at however many addresses of a target: a name
that moves from one address to the next is reported once. It is made of Findings and facts and never stored
with them; only the alerts that a notifier has reported are stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from model.findings.finding import Severity, labelled_rule


class AlertKind(StrEnum):
    """What an Alert is of."""

    FINDING = "finding"
    EXPIRY = "expiry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """Something that is wrong at ``target``, a target's key, whose owner's labels are ``labels``.

    ``since`` is when it was first seen; ``reopened`` how often it came back. ``violation``
    says what is wrong, ``requirement`` what is asked for. A Finding's has ``policy``, ``rule`` and
    ``rule_id``; an expiry's has ``certificate``, its SHA-256 in hex, and ``ends_at``. Texts are printable.
    """

    kind: AlertKind
    target: str
    severity: Severity
    violation: str
    requirement: str
    observed: str
    required: str
    since: datetime
    policy: str | None = None
    rule: str | None = None
    rule_id: str | None = None
    certificate: str | None = None
    ends_at: datetime | None = None
    is_proved: bool = True
    reopened: int = 0
    addresses: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def rule_label(self) -> str:
        """The rule's name with its identifier; empty for the expiry of a certificate."""
        return labelled_rule(self.rule or "", self.rule_id)

    @property
    def key(self) -> str:
        """Its identity: SHA-256, in hex, of target, policy, rule and certificate."""
        parts = (self.kind, self.target, self.policy, self.rule, self.certificate)
        return hashlib.sha256("\n".join(part or "" for part in parts).encode()).hexdigest()


class EventKind(StrEnum):
    """What happened to an Alert."""

    OPENED = "opened"
    REOPENED = "reopened"
    WORSENED = "worsened"
    """Its severity has risen, such as that of a certificate whose end comes nearer."""
    RESOLVED = "resolved"
    WAIVED = "waived"
    WITHDRAWN = "withdrawn"
    """Its target has left the inventory: nothing was proved."""

    @property
    def is_end(self) -> bool:
        """Whether the Alert is not active any more."""
        return self in (EventKind.RESOLVED, EventKind.WAIVED, EventKind.WITHDRAWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An Alert that becomes active, or ends; ``at`` is when that was seen."""

    kind: EventKind
    at: datetime
    alert: Alert
