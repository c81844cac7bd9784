"""What notifiers report: an Alert is active while something is wrong at a target; an Event is its start or end.

An Alert is one violated rule, or one certificate close to expiry, at any number of addresses of a target: a
name that moves from one address to another is reported once. Alerts are computed from Findings and facts and
are not stored; only the list of alerts that a notifier has reported is stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from model.findings.finding import Severity, labelled_rule
from model.frozen import frozen


class AlertKind(StrEnum):
    """The subject of an Alert."""

    FINDING = "finding"
    EXPIRY = "expiry"


@frozen
class Alert:
    """Something wrong at ``target`` (a target's key) with its owner's ``labels``.

    ``since`` is when it was first seen; ``reopened`` counts how often it came back. ``violation`` says
    what is wrong, ``requirement`` what is asked for. The Alert of a Finding has ``policy``, ``rule`` and ``rule_id``; that of an expiry has ``certificate``, its SHA-256 in hex, and ``not_after``. Texts
    are printable.
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
    not_after: datetime | None = None
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
        """Its identity: the SHA-256, in hex, of target, policy, rule and certificate."""
        parts = (self.kind, self.target, self.policy, self.rule, self.certificate)
        return hashlib.sha256("\n".join(part or "" for part in parts).encode()).hexdigest()


class EventKind(StrEnum):
    """What happened to an Alert."""

    OPENED = "opened"
    REOPENED = "reopened"
    WORSENED = "worsened"
    """Its severity rose, for example because a certificate's expiry is closer."""
    RESOLVED = "resolved"
    WAIVED = "waived"
    TARGET_REMOVED = "target_removed"
    """Its target left the inventory: nothing was proved."""

    @property
    def is_end(self) -> bool:
        """Whether the Alert is no longer active."""
        return self in (EventKind.RESOLVED, EventKind.WAIVED, EventKind.TARGET_REMOVED)


@frozen
class Event:
    """The start or end of an Alert; ``at`` is when it was observed."""

    kind: EventKind
    at: datetime
    alert: Alert
