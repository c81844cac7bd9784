"""Ends this process if its event loop hangs.

One C call can hold Python's lock for hours, and then no thread and no Python signal handler runs. So nothing here
needs that lock. The loop restarts a timer of ``faulthandler`` again and again; when the timer expires, a C thread
writes the stack of each thread to standard error and ends the process with exit code 1.
"""

from __future__ import annotations

import asyncio
import faulthandler
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

STANDSTILL_SECONDS: Final = 30.0
"""A process whose event loop has hung for this long is ended."""

_BEATS_PER_STANDSTILL: Final = 30


@asynccontextmanager
async def watched_loop(standstill_seconds: float | None = None) -> AsyncIterator[None]:
    """End the process if this event loop hangs for ``standstill_seconds`` in the block; None means 30 s."""
    seconds = standstill_seconds or STANDSTILL_SECONDS
    faulthandler.dump_traceback_later(seconds, exit=True)
    beating = asyncio.create_task(_beat(seconds))
    try:
        yield
    finally:
        beating.cancel()
        faulthandler.cancel_dump_traceback_later()


async def _beat(seconds: float) -> None:
    while True:
        faulthandler.dump_traceback_later(seconds, exit=True)
        await asyncio.sleep(seconds / _BEATS_PER_STANDSTILL)
