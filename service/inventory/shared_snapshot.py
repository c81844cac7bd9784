"""The newest Snapshot and its parts: made once for all pages, and made again only after a rest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from exporters.prometheus.shard import WHOLE, Shard, divided
from model.ports import Clock
from model.snapshot import EndpointStatus, Snapshot
from service.process.limits import rest_after


class SharedSnapshot:
    """Snapshots that ``make`` returns; it is called in the event loop and may raise."""

    def __init__(self, make: Callable[[], Snapshot], clock: Clock) -> None:
        self._make = make
        self._clock = clock
        self._newest: Snapshot | None = None
        self._divided: dict[int, tuple[tuple[EndpointStatus, ...], ...]] = {}
        self._rests_until = 0.0
        self.taken_at = 0.0
        """When the newest one was made, by the monotonic clock."""

    def expire(self) -> None:
        """Make a new one for the next page."""
        self._rests_until = 0.0

    async def part(self, shard: Shard) -> Snapshot:
        """The part of the newest Snapshot; raises what ``make`` raises. One call at a time."""
        began = self._clock.monotonic()
        if self._newest is None or began >= self._rests_until:
            self._newest = self._make()
            self._divided = {}
            self.taken_at = self._rests_until = self._clock.monotonic()
        if shard != WHOLE and shard.total not in self._divided:
            self._divided[shard.total] = await asyncio.to_thread(
                divided, self._newest.endpoints, shard.total
            )
        self._rests_until += rest_after(self._clock.monotonic() - began)
        if shard == WHOLE:
            return self._newest
        return Snapshot(
            taken_at=self._newest.taken_at,
            endpoints=self._divided[shard.total][shard.index],
            resource_claims=() if shard.index else self._newest.resource_claims,
        )
