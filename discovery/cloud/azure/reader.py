"""Reads a subscription again and again: what a list costs that may not be read, other resources keep."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from discovery.apis.web import WebApi
from discovery.bounds import USUAL_MOST_TARGETS
from discovery.cloud.azure.catalogue import RESOURCES
from discovery.cloud.azure.lists import ListKind, NotPermittedError, Subscription
from discovery.cloud.azure.resource import AzureResource
from discovery.cloud.last_readings import USUAL_STALE_SECONDS, LastReadings
from discovery.found import JsonObject, Location, read_locations
from discovery.source import Skipped, SourceReading


class AzureReader:
    """Reads one subscription.

    While a list may not be read, the last complete reading of its resources stays for ``max_stale_seconds``; after that,
    or without one, what could be read counts.
    """

    def __init__(
        self,
        api: WebApi,
        subscription: str,
        name: str,
        *,
        most: int = USUAL_MOST_TARGETS,
        max_stale_seconds: float = USUAL_STALE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._subscription = Subscription(api=api, identifier=subscription)
        self._name = name
        self._most = most
        self._last = LastReadings[AzureResource](max_stale_seconds, clock)

    async def read(self) -> SourceReading:
        """A target for each name, or else each address, at which a resource ends TLS; raises SourceError."""
        found = [one for resource in RESOURCES for one in await self._locations(resource)]
        return await asyncio.to_thread(read_locations, found, self._name, self._most)

    async def _locations(self, resource: AzureResource) -> Sequence[Location]:
        skipped: list[Skipped] = []
        lists: list[Sequence[JsonObject]] = []
        for kind in resource.lists:
            is_needed = not lists or bool(lists[0])
            lists.append(await self._permitted(kind, skipped) if is_needed else ())
        read = await asyncio.to_thread(lambda: tuple(resource.locations(*lists)))
        return [*self._last.settle(resource, read, is_complete=not skipped), *skipped]

    async def _permitted(self, kind: ListKind, skipped: list[Skipped]) -> Sequence[JsonObject]:
        """The list; empty if the account may not read it."""
        try:
            return await self._subscription.read(kind)
        except NotPermittedError as denied:
            place = f"subscription {self._subscription.identifier}"
            skipped.append(Skipped(place=place, problem=str(denied)))
            return ()
