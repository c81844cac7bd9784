"""Reads the application gateways of a subscription again and again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence

from discovery.apis.web import WebApi
from discovery.bounds import USUAL_MOST_TARGETS
from discovery.cloud.azure.application_gateways import Read, by_identifier, locations_of
from discovery.cloud.azure.lists import (
    ADDRESSES,
    GATEWAYS,
    POLICIES,
    ListKind,
    NotPermittedError,
    Subscription,
)
from discovery.cloud.azure.ssl_policies import predefined_policies
from discovery.cloud.last_readings import USUAL_STALE_SECONDS, LastReadings
from discovery.found import JsonObject, Location, read_locations
from discovery.source import Skipped, SourceReading


class AzureReader:
    """Reads one subscription.

    While a list may not be read, the last complete reading stays for ``max_stale_seconds``; after that, or without one,
    what could be read counts.
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
        self._last = LastReadings[str](max_stale_seconds, clock)

    async def read(self) -> SourceReading:
        """A target for each name, or else each address, at which a listener ends TLS; raises SourceError."""
        skipped: list[Skipped] = []
        gateways = await self._subscription.read(GATEWAYS)
        addresses = await self._permitted(ADDRESSES, skipped) if gateways else ()
        policies = await self._permitted(POLICIES, skipped) if gateways else ()
        read = Read(addresses=by_identifier(addresses), predefined=predefined_policies(policies))
        found = self._settled(locations_of(gateways, read), skipped)
        return await asyncio.to_thread(read_locations, found, self._name, self._most)

    async def _permitted(self, kind: ListKind, skipped: list[Skipped]) -> Sequence[JsonObject]:
        """The list; empty if the account may not read it."""
        try:
            return await self._subscription.read(kind)
        except NotPermittedError as denied:
            place = f"subscription {self._subscription.identifier}"
            skipped.append(Skipped(place=place, problem=str(denied)))
            return ()

    def _settled(
        self, locations: Iterator[Location], skipped: Sequence[Skipped]
    ) -> Iterator[Location]:
        whole = self._subscription.identifier
        yield from self._last.settle(whole, locations, is_complete=not skipped)
        yield from skipped
