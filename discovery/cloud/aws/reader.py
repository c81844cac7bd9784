"""Reads AWS: accounts, regions and services next to each other, each apart, so that a failure costs only its part."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Final

from botocore.exceptions import BotoCoreError

from discovery.cloud.aws.accounts import Accounts
from discovery.cloud.aws.api import AwsApi
from discovery.cloud.aws.families import FAMILIES, GLOBAL
from discovery.cloud.aws.limits import Limits
from discovery.cloud.aws.scope import AwsScope
from discovery.cloud.aws.sessions import AwsSession, Passage
from discovery.cloud.last_readings import USUAL_STALE_SECONDS, LastReadings
from discovery.found import Location, read_locations
from discovery.source import Skipped, SourceReading
from model.frozen import frozen
from pki.net_guard.gate import SocketGate

_THREADS: Final = 8


@frozen
class _Part:
    """One service of an account in a region, which is read as a whole."""

    account: str
    region: str
    service: str


class AwsReader:
    """Reads one source again and again.

    If a part of AWS cannot be read as a whole, its last complete reading stays for ``max_stale_seconds``; after
    that, or without one, what could be read of it counts.
    """

    def __init__(
        self,
        scope: AwsScope,
        gate: SocketGate,
        name: str,
        *,
        max_stale_seconds: float = USUAL_STALE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        limits: Limits | None = None,
    ) -> None:
        self._services = scope.services
        self._limits = limits or Limits()
        passage = Passage(limits=self._limits, gate=gate, endpoint_url=scope.endpoint_url)
        self._accounts = Accounts(scope, passage)
        self._name = name
        self._most = scope.most
        self._last = LastReadings[_Part](max_stale_seconds, clock)

    async def read(self) -> SourceReading:
        """All targets with their claims; raises SourceError if there are no credentials."""
        try:
            return await asyncio.to_thread(self._read)
        except asyncio.CancelledError:
            self._limits.stop()
            raise

    def _read(self) -> SourceReading:
        now = datetime.now(UTC)
        identifiers = self._accounts.identifiers()
        with ThreadPoolExecutor(_THREADS, thread_name_prefix="aws") as pool:
            opened = list(pool.map(lambda account: self._open(account, now), identifiers))
            apis = [api for _, some in opened for api in some]
            read = list(pool.map(self._read_part, apis))
        found = [
            *self._accounts.left_out,
            *(location for locations, _ in opened for location in locations),
        ]
        found += [location for locations in read for location in locations]
        return read_locations(found, self._name, self._most)

    def _open(
        self, account: str, now: datetime
    ) -> tuple[Sequence[Location], Sequence[tuple[_Part, AwsApi]]]:
        """What is known already of an account, and the parts of it to read."""
        session = self._accounts.session(account)
        if isinstance(session, str):
            problem = Skipped(place=f"account {account}", problem=session)
            known = [part for part in self._last.parts if part.account == account]
            return [problem, *(one for part in known for one in self._last.last(part) or ())], []
        api = AwsApi(session, self._accounts.home, now)
        regions = self._accounts.regions(api)
        return api.skipped, list(self._parts(session, regions, now))

    def _parts(
        self, session: AwsSession, regions: Iterable[str], now: datetime
    ) -> Iterable[tuple[_Part, AwsApi]]:
        for service in self._services:
            for region in (self._accounts.home,) if service in GLOBAL else regions:
                part = _Part(account=session.account, region=region, service=service)
                yield part, AwsApi(session, region, now)

    def _read_part(self, one: tuple[_Part, AwsApi]) -> Sequence[Location]:
        part, api = one
        locations: list[Location] = []
        try:
            locations.extend(FAMILIES[part.service](api))
        except (AttributeError, BotoCoreError, KeyError, TypeError, ValueError) as error:
            api.skip(
                part.service, f"AWS's answer is not as expected ({type(error).__name__}: {error})"
            )
        settled = self._last.settle(part, locations, is_complete=not api.skipped)
        return [*settled, *api.skipped]
