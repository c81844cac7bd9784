"""What stands now, worked out once for all notifiers, beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from exporters.notifications import ActiveAlerts, StandingMaker
from model.ports import Clock
from model.snapshot import Snapshot

LOOK_SECONDS: Final = 5.0
"""How often a notifier looks."""


class SharedActiveAlerts:
    """The ActiveAlerts of what ``snapshot`` gives, which is called in the event loop."""

    def __init__(self, snapshot: Callable[[], Snapshot], clock: Clock) -> None:
        self._snapshot = snapshot
        self._clock = clock
        self._maker = StandingMaker()
        self._lock = asyncio.Lock()
        self._taken_at = float("-inf")
        self._newest: ActiveAlerts | None = None

    async def newest(self) -> ActiveAlerts:
        """Not older than the time between two looks."""
        async with self._lock:
            now = self._clock.monotonic()
            if self._newest is None or now - self._taken_at >= LOOK_SECONDS / 2:
                self._newest = await asyncio.to_thread(self._maker.make, self._snapshot())
                self._taken_at = now
            return self._newest
