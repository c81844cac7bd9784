"""How many that come together are let in one after another: new endpoints, or those overdue at a start.

A few go at once; the rest wait, each for the time that the ones before it take at the rate given (the
generic cell rate algorithm, as in ITU-T I.371).
"""

from __future__ import annotations

import math
from typing import Final

_AT_ONCE: Final = 20


class StartRate:
    """Gives each comer its moment."""

    def __init__(self) -> None:
        self._next_at = -math.inf

    def delay(self, now: float, per_second: float) -> float:
        """How long the one that comes ``now`` waits, in seconds; 0 where few came before it."""
        at = max(self._next_at, now - _AT_ONCE / per_second)
        self._next_at = at + 1 / per_second
        return max(0.0, at - now)
