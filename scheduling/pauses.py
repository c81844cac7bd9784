"""Long work on the event loop, in parts: a large inventory has a million entries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Final, TypeVar

Entry = TypeVar("Entry")

_AT_ONCE: Final = 100
"""Entries of a few microseconds each: visits, answers and the watchdog wait for a millisecond at most."""


async def with_pauses(entries: Iterable[Entry]) -> AsyncIterator[Entry]:
    """The ``entries``; after some of them the event loop runs other tasks, which may change what they come from."""
    for number, entry in enumerate(entries, 1):
        yield entry
        if number % _AT_ONCE == 0:
            await asyncio.sleep(0)
