"""The machine's own clocks as an implementation of the Clock Protocol."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """Wall-clock time and the monotonic clock of this machine."""

    def now(self) -> datetime:
        """The current time, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since an arbitrary fixed point in time."""
        return time.monotonic()
