"""Writes the results of visits to the Store, and retries failed writes.

While writes fail, later ones queue up, so that an endpoint's history stays in order. When the queue is full, a visit
waits with its result, and so does the next visit: servers are not probed for results that cannot be stored.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Final

from model.endpoint_state import Visit
from model.ports import Store, UnkeepableError, WriteMeter
from model.safe_output.printable import printable

_FIRST_PAUSE_SECONDS: Final = 1.0
_LONGEST_PAUSE_SECONDS: Final = 60.0
_MOST_WAITING: Final = 2_000
"""About 200 MB with all proofs. Nothing is dropped: the following visits wait until there is room."""

_LOG = logging.getLogger(__name__)


class StoreWriter:
    """A Store that queues visits while the underlying Store cannot be written."""

    def __init__(
        self, store: Store, meter: WriteMeter, *, most_waiting: int = _MOST_WAITING
    ) -> None:
        self._store = store
        self._meter = meter
        self._most_waiting = most_waiting
        self._waiting: deque[Visit] = deque()
        self._has_waiting = asyncio.Event()
        self._has_room = asyncio.Event()

    @property
    def waiting(self) -> int:
        """The number of visits that wait to be stored."""
        return len(self._waiting)

    async def record(self, visit: Visit) -> None:
        """Stores a visit, or queues it for ``keep_trying``; never raises except on cancellation.

        Waits while the queue is full.
        """
        if self._waiting or not await self._is_settled(visit):
            await self._keep(visit)

    async def keep_trying(self) -> None:
        """Stores the queued visits as soon as possible; ends only by cancellation."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            await self._has_waiting.wait()
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE_SECONDS, 2 * pause)
            if await self.flush():
                pause = _FIRST_PAUSE_SECONDS

    async def flush(self) -> bool:
        """Tries to store all queued visits now, oldest first; returns whether the queue is empty."""
        while self._waiting:
            if not await self._is_settled(self._waiting[0]):
                return False
            self._waiting.popleft()
            self._has_room.set()
        self._has_waiting.clear()
        return True

    async def _is_settled(self, visit: Visit) -> bool:
        """Whether the visit is stored, or can never be stored and is given up."""
        try:
            advanced = await self._store.record_visit(visit)
        except UnkeepableError as error:
            self._meter.store_write_failed()
            _LOG.error("gave up storing a visit", extra=_fields(visit, error))
        except Exception as error:
            self._meter.store_write_failed()
            _LOG.warning("a visit waits to be stored", extra=_fields(visit, error))
            return False
        else:
            if advanced is not None:
                self._meter.visit_stored(visit, advanced)
        return True

    async def _keep(self, visit: Visit) -> None:
        while len(self._waiting) >= self._most_waiting:
            self._has_room.clear()
            await self._has_room.wait()
        self._waiting.append(visit)
        self._has_waiting.set()


def _fields(visit: Visit, error: Exception) -> dict[str, str]:
    return {"endpoint": printable(visit.key), "reason": printable(str(error))}
