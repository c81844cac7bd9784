"""How many probes on demand run at once; a reload changes only the number."""

from __future__ import annotations

import asyncio
from collections import deque


class Places:
    """At most ``at_once`` holders; the others wait in the order of their arrival."""

    def __init__(self, at_once: int) -> None:
        self._at_once = at_once
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def at_once(self) -> int:
        """The maximum number of holders."""
        return self._at_once

    def allow(self, at_once: int) -> None:
        """Change the number of places; current holders keep theirs."""
        self._at_once = at_once
        self._give()

    async def acquire(self) -> None:
        """Wait for a place, and take it."""
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        self._give()
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.release()
            raise

    def release(self) -> None:
        """Release the place."""
        self._taken -= 1
        self._give()

    def _give(self) -> None:
        while self._waiting and self._taken < self._at_once:
            place = self._waiting.popleft()
            if not place.done():
                self._taken += 1
                place.set_result(None)
