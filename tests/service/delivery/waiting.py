"""Waits for what another process, or another task, is about to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

PATIENCE_SECONDS = 60.0


async def until(holds: Callable[[], bool]) -> None:
    """Returns once it holds; fails where it does not for a minute."""

    async def asked() -> bool:
        return holds()

    await until_answered(asked)


async def until_answered(holds: Callable[[], Awaitable[bool]]) -> None:
    """The same for what has to be asked."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            if await holds():
                return
            await asyncio.sleep(0.05)
