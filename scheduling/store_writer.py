"""Hands what visits learnt to the Store, and keeps what could not be written until it can.

While writes fail, later ones queue behind, so that the history of an endpoint keeps its order. Once
as many wait as memory should hold, a visit waits with its result, and with it the next visit: servers are
not asked what nobody can keep.
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
"""Some 200 MB with all proofs. Nothing is given up: the visits that follow wait until there is room."""

_LOG = logging.getLogger(__name__)


class StoreWriter:
    """A Store that does not forget what it was given while it cannot be written."""

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
        """How many visits wait to be stored."""
        return len(self._waiting)

    async def record(self, visit: Visit) -> None:
        """Stores a visit, or keeps it for ``keep_trying``; never raises but on cancellation.

        While as many are kept as may be, it waits for room.
        """
        if self._waiting or not await self._is_settled(visit):
            await self._keep(visit)

    async def keep_trying(self) -> None:
        """Stores what waits as soon as that succeeds; ends only by cancellation."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            await self._has_waiting.wait()
            await asyncio.sleep(pause)
            pause = min(_LONGEST_PAUSE_SECONDS, 2 * pause)
            if await self.flush():
                pause = _FIRST_PAUSE_SECONDS

    async def flush(self) -> bool:
        """Tries now to store all that waits, oldest first; says whether nothing is left."""
        while self._waiting:
            if not await self._is_settled(self._waiting[0]):
                return False
            self._waiting.popleft()
            self._has_room.set()
        self._has_waiting.clear()
        return True

    async def _is_settled(self, visit: Visit) -> bool:
        """Whether the visit is stored, or never can be and is given up."""
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
