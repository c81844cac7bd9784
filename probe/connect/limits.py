"""What one visit may take of time and of everything else: the limits that connections keep to."""

from __future__ import annotations

from dataclasses import dataclass, field

from pki.net_guard.politeness import ConnectionLimits
from probe.budget import BudgetLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitLimits(ConnectionLimits):
    """Limits of visits; times in seconds.

    ``deadline_seconds`` bounds a whole visit in time, ``budget`` in all that it costs. ``answer_timeout_seconds``
    bounds one whole answer, ``greeting_timeout_seconds`` what is said before TLS: some servers greet late on
    purpose.
    """

    deadline_seconds: float = 60.0
    budget: BudgetLimits = field(default_factory=BudgetLimits)
    connect_timeout_seconds: float = 5.0
    answer_timeout_seconds: float = 5.0
    greeting_timeout_seconds: float = 15.0
