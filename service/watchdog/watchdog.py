"""Ends this process where its event loop stands still.

One C call can hold Python's lock for hours, and then no thread and no signal handler of Python runs. So
nothing here needs that lock. The loop restarts a timer of ``faulthandler`` again and again; where it does not,
a thread in C writes where each thread is to standard error and ends the process with the code 1.
"""

from __future__ import annotations

import asyncio
import faulthandler
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

STANDSTILL_SECONDS: Final = 30.0
"""A process whose event loop has stood still for so long is ended."""

_BEATS_PER_STANDSTILL: Final = 30


@asynccontextmanager
async def watched_loop(standstill_seconds: float | None = None) -> AsyncIterator[None]:
    """As long as the block lasts, a standstill of this event loop ends the process: one of
    ``standstill_seconds``, of 30 s where None."""
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
