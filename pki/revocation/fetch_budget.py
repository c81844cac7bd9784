"""What the fetches of one visit, and of the whole process, may cost: a certificate may name any number of
URLs, and each may answer without end.
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
"""Of one visit, redirects among them: a chain of four at three key types asks for 24."""

MOST_BYTES: Final = 2**25
"""32 MiB of one visit: two of the longest lists."""

_AT_ONCE_OF_A_VISIT: Final = 4
_AT_ONCE: Final = 16
_AT_ONCE_OF_A_HOST: Final = 2
_LONGEST_WAIT_SECONDS: Final = 20.0
_BURST_BYTES: Final = 2**27
_BYTES_PER_SECOND: Final = 2**23


class FetchError(Exception):
    """Nothing was fetched; the message is one sentence."""


class BudgetError(FetchError):
    """It was not asked for, or not read to its end, since the visit or the process has fetched too much.

    This says nothing of the source.
    """


class FetchBudget:
    """One visit's."""

    def __init__(self, fetches: int = MOST_FETCHES, bytes_: int = MOST_BYTES) -> None:
        self._most_fetches = self._fetches = fetches
        self._most_bytes = self._bytes = bytes_
        self.places = asyncio.Semaphore(_AT_ONCE_OF_A_VISIT)

    def take(self, url: str) -> None:
        """Counts one fetch.

        Raises:
            BudgetError: where the visit may fetch no more.
        """
        self.received(0, url)
        if self._fetches <= 0:
            raise BudgetError(
                f"{url} was not asked: the visit's {self._most_fetches} fetches are used up."
            )
        self._fetches -= 1

    def received(self, count: int, url: str) -> None:
        """Counts bytes that came from ``url``.

        Raises:
            BudgetError: where the visit may receive no more.
        """
        self._bytes -= count
        if self._bytes <= 0:
            raise BudgetError(
                f"{url} was not read: the visit's {self._most_bytes} bytes of fetches are used up."
            )


class ProcessFetches:
    """The whole process's: so many at once, few to one host, and so many bytes a second in the long run."""

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
        """Permission to ask ``host`` now; the visit's own places come first, so that it cannot take all others'.

        Raises:
            BudgetError: where the process has fetched too much, or too many fetches wait.
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
                raise BudgetError(f"{url} was not asked: too many fetches wait.") from None
            # Others of the visit may have used it up meanwhile.
            budget.received(0, url)
            if self._available() <= 0:
                raise BudgetError(f"{url} was not asked: the process has fetched too much lately.")
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
