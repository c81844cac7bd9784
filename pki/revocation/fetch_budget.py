"""Limits on the fetches of one visit and of the process: a certificate may contain any number of URLs, and
each answer may be endless.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

from model.clock import SystemClock
from model.ports import Clock

MOST_FETCHES: Final = 32
"""Per visit, including redirects: a chain of four with three key types needs 24."""

MOST_BYTES: Final = 2**25
"""32 MiB per visit: two of the longest CRLs."""

_AT_ONCE_OF_A_VISIT: Final = 4
_AT_ONCE: Final = 16
_AT_ONCE_OF_A_HOST: Final = 2
_LONGEST_WAIT_SECONDS: Final = 20.0
_BURST_BYTES: Final = 2**27
_BYTES_PER_SECOND: Final = 2**23


class FetchError(Exception):
    """Nothing was fetched; the message is one sentence."""


class BudgetError(FetchError):
    """The URL was not requested, or not read to its end, because the visit or the process exceeded its limits.

    This proves nothing about the source.
    """


class FetchBudget:
    """The limits of one visit, and the ``zone`` of its target, whose rules hold for what is fetched."""

    def __init__(
        self, fetches: int = MOST_FETCHES, bytes_: int = MOST_BYTES, *, zone: str = ""
    ) -> None:
        self.zone = zone
        self._most_fetches = self._fetches = fetches
        self._most_bytes = self._bytes = bytes_
        self.places = asyncio.Semaphore(_AT_ONCE_OF_A_VISIT)

    def take(self, url: str) -> None:
        """Counts one fetch.

        Raises:
                BudgetError: if the visit may fetch no more.
        """
        self.received(0, url)
        if self._fetches <= 0:
            raise BudgetError(
                f"{url} was not fetched: the visit's {self._most_fetches} fetches are used up."
            )
        self._fetches -= 1

    def received(self, count: int, url: str) -> None:
        """Counts bytes received from ``url``.

        Raises:
            BudgetError: if the visit may receive no more.
        """
        self._bytes -= count
        if self._bytes <= 0:
            raise BudgetError(
                f"{url} was not read: the visit's limit of {self._most_bytes} fetched bytes is used up."
            )


class ProcessFetches:
    """The limits of the process: concurrent fetches, fetches per host, and the average bytes per second."""

    def __init__(
        self,
        *,
        burst_bytes: int = _BURST_BYTES,
        bytes_per_second: float = _BYTES_PER_SECOND,
        clock: Clock | None = None,
    ) -> None:
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._clock = clock or SystemClock()
        self._burst_bytes = burst_bytes
        self._rate = bytes_per_second
        self._left = float(burst_bytes)
        self._counted_at = self._clock.monotonic()

    @asynccontextmanager
    async def place(self, host: str, budget: FetchBudget, url: str) -> AsyncIterator[None]:
        """Permission to contact ``host`` now; the visit's own limit comes first, so that it cannot take all places.

        Raises:
            BudgetError: if the process has fetched too much, or too many fetches are waiting.
        """
        of_host = self._hosts.get(host)
        if of_host is None:
            of_host = self._hosts[host] = asyncio.Semaphore(_AT_ONCE_OF_A_HOST)
        taken: list[asyncio.Semaphore] = []
        try:
            try:
                async with asyncio.timeout(_LONGEST_WAIT_SECONDS):
                    for places in (budget.places, of_host, self._places):
                        await places.acquire()
                        taken.append(places)
            except TimeoutError:
                raise BudgetError(f"{url} was not fetched: too many fetches are waiting.") from None
            # Other fetches of the visit may have used up the budget meanwhile.
            budget.received(0, url)
            if self._available() <= 0:
                raise BudgetError(
                    f"{url} was not fetched: the process has fetched too much recently."
                )
            yield
        finally:
            for places in taken:
                places.release()

    def received(self, count: int) -> None:
        """Counts bytes."""
        self._left = self._available() - count

    def _available(self) -> float:
        now = self._clock.monotonic()
        grown = self._left + (now - self._counted_at) * self._rate
        self._left, self._counted_at = min(float(self._burst_bytes), grown), now
        return self._left
