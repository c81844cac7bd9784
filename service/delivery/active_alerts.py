"""The active alerts, built once for all notifiers in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from exporters.notifications import ActiveAlerts, ActiveAlertsBuilder
from model.ports import Clock
from model.snapshot import Snapshot

POLL_SECONDS: Final = 5.0
"""The interval at which a notifier polls the alerts."""


class SharedActiveAlerts:
    """The ActiveAlerts of the Snapshot that ``snapshot`` returns; ``snapshot`` is called in the event loop."""

    def __init__(self, snapshot: Callable[[], Snapshot], clock: Clock) -> None:
        self._snapshot = snapshot
        self._clock = clock
        self._builder = ActiveAlertsBuilder()
        self._lock = asyncio.Lock()
        self._built_at = float("-inf")
        self._newest: ActiveAlerts | None = None

    async def newest(self) -> ActiveAlerts:
        """The alerts, at most half a polling interval old."""
        async with self._lock:
            now = self._clock.monotonic()
            if self._newest is None or now - self._built_at >= POLL_SECONDS / 2:
                self._newest = await asyncio.to_thread(self._builder.build, self._snapshot())
                self._built_at = now
            return self._newest
