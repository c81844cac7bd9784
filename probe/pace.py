"""How long until an endpoint is visited again: its interval with jitter, sooner after a failure.

A failed visit is repeated soon, for most failures pass; each further one waits twice as long, until
the plain interval is reached. Jitter keeps endpoints that were added together from being visited
together for ever.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """All times in seconds; ``jitter_fraction`` is the share of a delay that chance decides."""

    interval_seconds: float
    jitter_fraction: float
    first_retry_seconds: float
    most_spread_seconds: float

    def next_delay(self, consecutive_failures: int, dice: Random) -> float:
        """How long to wait after a visit that was the so-manieth failure in a row, or none."""
        delay = self.interval_seconds
        if consecutive_failures:
            doublings = min(consecutive_failures - 1, 32)
            delay = min(delay, self.first_retry_seconds * 2**doublings)
        return delay * (1 + self.jitter_fraction * dice.uniform(-1, 1))

    def resumed_delay(self, due_at: datetime, now: datetime, dice: Random) -> float:
        """How long to wait where a visit was planned for ``due_at`` before a restart.

        What is overdue is spread over a short while; a plan further off than one interval (the
        clock or the settings changed) is brought near.
        """
        planned = (due_at - now).total_seconds()
        if planned <= 0:
            return self.spread(dice)
        return min(planned, self.interval_seconds * (1 + self.jitter_fraction))

    def spread(self, dice: Random) -> float:
        """A short random delay, for many that come due together."""
        longest = min(self.most_spread_seconds, self.interval_seconds * self.jitter_fraction)
        return dice.uniform(0, longest)
