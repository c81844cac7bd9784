"""Fills memory from the database, and brings it up to date with what other processes stored meanwhile.

Only statuses that changed are read: that takes ten times as long as to read when the endpoint was last visited. They
are read in parts, because the rows of a million statuses take as much memory as the statuses.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol

from model.snapshot import EndpointStatus
from service.inventory.inventory import Inventory
from storage import LastVisit

_STATUSES_AT_ONCE: Final = 500


class Stored(Protocol):
    """What is read from the Store."""

    async def last_visits(self) -> Mapping[str, LastVisit]:
        """When each endpoint was last visited."""
        ...

    async def statuses_of(self, endpoint_keys: Collection[str]) -> Sequence[EndpointStatus]:
        """The newest status of each of these endpoints."""
        ...


async def read_newer_statuses(store: Stored, inventory: Inventory) -> Sequence[str]:
    """Let the inventory show the newest status of every endpoint; returns the keys of those that it did not show."""
    last = await store.last_visits()
    newer = [key for key, one in last.items() if one.ended_at != inventory.visited_at(key)]
    for start in range(0, len(newer), _STATUSES_AT_ONCE):
        inventory.remember(await store.statuses_of(newer[start : start + _STATUSES_AT_ONCE]))
    return newer
