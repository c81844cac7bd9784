"""Visits every address of a target once, on demand: the one loop of all scans.

The scheduler does not use it, because it resolves names and visits endpoints at separate times.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from model.observation import Observation
from model.ports import Clock
from model.target import Endpoint, Target
from scheduling.resolve import AddressFamily, resolve, unresolved

MAX_CONCURRENT_PROBES: Final = 16


class Scan:
    """One scan of any number of targets: at most ``MAX_CONCURRENT_PROBES`` endpoints are visited concurrently."""

    def __init__(
        self,
        visit: Callable[[Endpoint], Awaitable[Observation]],
        clock: Clock,
        family: AddressFamily = AddressFamily.ANY,
    ) -> None:
        self._visit = visit
        self._clock = clock
        self._family = family
        self._places = asyncio.Semaphore(MAX_CONCURRENT_PROBES)

    async def probe(self, target: Target) -> list[Observation]:
        """One Observation for each address, in the resolver's order, or one that says why there is no address."""
        started_at = self._clock.now()
        resolution = await resolve(target, family=self._family)
        if resolution.failure is not None:
            return [unresolved(target, resolution.failure, started_at)]
        async with asyncio.TaskGroup() as group:
            visits = [group.create_task(self._visit_one(one)) for one in resolution.endpoints]
        return [visit.result() for visit in visits]

    async def _visit_one(self, endpoint: Endpoint) -> Observation:
        async with self._places:
            return await self._visit(endpoint)
