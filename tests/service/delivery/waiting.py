"""Waits for the action of another process, or of another task."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

PATIENCE_SECONDS = 60.0


async def until(holds: Callable[[], bool]) -> None:
    """Returns once the condition holds; fails after a minute."""

    async def asked() -> bool:
        return holds()

    await until_holds(asked)


async def until_holds(holds: Callable[[], Awaitable[bool]], *, pause_seconds: float = 0.05) -> None:
    """The same for a condition that must be awaited; a longer pause suits one that takes much CPU."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if await holds():
                return
            await asyncio.sleep(pause_seconds)
