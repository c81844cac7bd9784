"""A scheduler that becomes the leader reads what changed since its start, and nothing else."""

from __future__ import annotations

from pathlib import Path

from model.clock import SystemClock
from service.inventory.inventory import Inventory
from service.inventory.newer_statuses import read_newer_statuses
from storage import SqlStore
from tests.storage.samples import observation, schedule


async def test_only_statuses_that_are_not_shown_yet_are_read(tmp_path: Path) -> None:
    seen = [observation(f"host{number}.example") for number in range(3)]
    first, second, third = (one.endpoint.key for one in seen)
    inventory = Inventory(SystemClock(), tuple)
    async with await SqlStore.open(f"sqlite:///{tmp_path / 'store.db'}") as store:
        for one in seen[:2]:
            await store.record(one, schedule(one))
        await read_newer_statuses(store, inventory)
        assert [inventory.visited_at(one.endpoint.key) for one in seen] == [
            seen[0].ended_at,
            seen[1].ended_at,
            None,
        ]
        before = {key: inventory.status(key) for key in (first, second)}
        again = observation("host1.example", hour=1)
        for one in (again, seen[2]):
            await store.record(one, schedule(one))
        await read_newer_statuses(store, inventory)
        assert inventory.status(first) is before[first]
        assert inventory.visited_at(second) == again.ended_at
        assert inventory.visited_at(third) == seen[2].ended_at
        shown = [inventory.status(key) for key in (first, second, third)]
        await read_newer_statuses(store, inventory)
        assert all(
            inventory.status(key) is one
            for key, one in zip((first, second, third), shown, strict=True)
        )
