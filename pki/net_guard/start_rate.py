"""The rate at which all visits of one process together start connections, and when another visit may begin.

A visit that has begun waits in this queue for each of its connections, and its time runs meanwhile. If hundreds of
visits share the rate, none of them ends in time. So a visit begins only while the queue is short: visits of slow
or silent servers start few connections, and then more of them run side by side.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from typing import Final

from asyncio_throttle import Throttler

_PERIODS_PER_SECOND: Final = 20
"""Of an even rate: otherwise a second's worth of connections starts at once."""
_LOOKS_AGAIN_SECONDS: Final = 0.005
_LONGEST_QUEUE_SECONDS: Final = 0.25
"""With a longer queue, no visit begins."""
_CONNECTIONS_OF_A_VISIT: Final = 10
"""About those of a verification. Visits begin at the rate at which this many connections start, so that each
has queued before the next ones begin."""
_VISITS_AT_ONCE: Final = 8
"""So many may begin together if none has begun for a while."""


class StartRate:
    """At most ``per_second`` starts, one after the other; ``room`` for visits, first come, first served.

    They are spread over the second, or with ``in_bursts`` start as they come until the second's are used up.
    """

    def __init__(self, per_second: int, *, in_bursts: bool = False) -> None:
        periods = 1 if in_bursts else _PERIODS_PER_SECOND
        # One waiter at a time: otherwise all of them poll.
        self._throttler = Throttler(
            max(1, per_second // periods), 1 / periods, retry_interval=_LOOKS_AGAIN_SECONDS
        )
        self._turn = asyncio.Lock()
        self._queued = 0
        self._most_queued = max(1, int(per_second * _LONGEST_QUEUE_SECONDS))
        self._between_visits = _CONNECTIONS_OF_A_VISIT / per_second
        self._next_visit_at = -math.inf
        self._visits: deque[asyncio.Future[None]] = deque()

    async def start(self) -> None:
        """Waits until a connection may start."""
        self._queued += 1
        try:
            async with self._turn:
                await self._throttler.acquire()
        finally:
            self._queued -= 1

    async def room(self) -> None:
        """Waits until the queue is short and every visit that came before has begun."""
        if not self._visits and self._takes_room():
            return
        begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._visits.append(begun)
        if len(self._visits) == 1:
            self._look_again()
        await begun

    def _takes_room(self) -> bool:
        now = asyncio.get_running_loop().time()
        if self._queued >= self._most_queued or now < self._next_visit_at:
            return False
        unused = self._between_visits * _VISITS_AT_ONCE
        self._next_visit_at = max(self._next_visit_at, now - unused) + self._between_visits
        return True

    def _look_again(self) -> None:
        asyncio.get_running_loop().call_later(self._between_visits, self._admit)

    def _admit(self) -> None:
        while self._visits and self._visits[0].done():
            self._visits.popleft()
        if self._visits and self._takes_room():
            self._visits.popleft().set_result(None)
        if self._visits:
            self._look_again()
