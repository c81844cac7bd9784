"""Fills memory from the database, and brings it up to date with what other processes stored meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from typing import Protocol

from model.snapshot import EndpointStatus
from service.inventory.inventory import Inventory
from service.process.garbage import keep_for_long


class Stored(Protocol):
    """What is read from the Store."""

    def newer_statuses(
        self, visited_at: Callable[[str], datetime | None]
    ) -> AsyncIterator[Sequence[EndpointStatus]]:
        """The newest status of each endpoint that was visited after ``visited_at``, in parts."""
        ...


async def read_newer_statuses(store: Stored, inventory: Inventory) -> None:
    """Let the inventory show the newest status of every endpoint, in which the results may be of other policies."""
    async for statuses in store.newer_statuses(inventory.visited_at):
        inventory.remember(statuses)
        keep_for_long()
