"""Spreads the start of many simultaneous newcomers: new endpoints, or endpoints overdue at startup.

A few start at once; each of the others waits for those before it, at the given rate (the generic cell rate
algorithm, as in ITU-T I.371).
"""

from __future__ import annotations

import math
from typing import Final

_AT_ONCE: Final = 20


class StartRate:
    """Assigns a start time to each newcomer."""

    def __init__(self) -> None:
        self._next_at = -math.inf

    def delay(self, now: float, per_second: float) -> float:
        """The wait in seconds of the newcomer that arrives at ``now``; 0 if few came before it."""
        at = max(self._next_at, now - _AT_ONCE / per_second)
        self._next_at = at + 1 / per_second
        return max(0.0, at - now)
