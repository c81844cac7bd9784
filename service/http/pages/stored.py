"""Reads what a page shows from the Store; a page without it says why."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import TypeVar

from storage import StoreError

Item = TypeVar("Item")


async def stored(reading: Awaitable[Sequence[Item]]) -> tuple[Sequence[Item], str]:
    """What ``reading`` returns, or nothing and the sentence that says why."""
    try:
        return await reading, ""
    except StoreError as error:
        return (), str(error)
