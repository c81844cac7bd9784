"""The limits of one visit on time and on everything else; connections obey them."""

from __future__ import annotations

from dataclasses import field, replace
from typing import Self

from model.frozen import frozen
from pki.net_guard.politeness import ConnectionLimits
from probe.budget import BudgetLimits


@frozen
class VisitLimits(ConnectionLimits):
    """Limits of visits; times in seconds.

    ``deadline_seconds`` bounds the time of a whole visit, ``budget`` all its other costs.
    ``answer_timeout_seconds`` bounds one whole answer, ``greeting_timeout_seconds`` the plaintext before TLS:
    some servers greet late on purpose.
    """

    deadline_seconds: float = 60.0
    budget: BudgetLimits = field(default_factory=BudgetLimits)
    connect_timeout_seconds: float = 5.0
    answer_timeout_seconds: float = 5.0
    greeting_timeout_seconds: float = 15.0

    def for_a_waiting_user(self) -> Self:
        """These limits for a scan that a person waits for: an address that answers quickly gets a larger share, and
        a visit does not wait for a rate that only many of them together would reach."""
        return replace(
            self,
            connections_per_quick_address=10,
            connections_per_address_per_second=100,
            starts_in_bursts=True,
        )

    def with_deadline(self, deadline_seconds: float) -> Self:
        """These limits with another deadline in seconds, which no single wait exceeds."""
        return replace(
            self,
            deadline_seconds=deadline_seconds,
            connect_timeout_seconds=min(self.connect_timeout_seconds, deadline_seconds),
            answer_timeout_seconds=min(self.answer_timeout_seconds, deadline_seconds),
            greeting_timeout_seconds=min(self.greeting_timeout_seconds, deadline_seconds),
        )
