"""The rows of the newest Snapshot, shared by all pages and clients; those of unchanged endpoints are reused."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from operator import is_
from typing import Final, Generic, TypeVar

from exporters.pages.rows import Row, row_of
from model.claims.resource_claim import ResourceClaim
from model.frozen import frozen
from model.ports import Clock
from model.snapshot import Snapshot
from model.target import endpoint_id
from service.http.guard.turns import Shared, measured
from service.process.limits import view_rest_after

Warnings = Callable[[Snapshot], tuple[str, ...]]
Value = TypeVar("Value")
_NO_ROWS: Final[Sequence[Row]] = ()

ENDPOINT_PARAMETERS: Final = ("target", "address", "id")
"""What names an endpoint in a URL or a form: see ``exporters.pages.links``."""


@frozen
class Inventory:
    """A Snapshot as rows as of ``now``, with the ``warnings`` about it; ``by_key`` has them by endpoint key.

    ``resource_claims`` are about resources that no target has. ``rows`` is the same object as before if no row differs.
    """

    rows: Sequence[Row]
    by_key: Mapping[str, Row]
    by_target: Mapping[str, Sequence[Row]]
    now: datetime
    warnings: tuple[str, ...]
    resource_claims: tuple[ResourceClaim, ...] = ()


class Inventories:
    """Makes the Inventory of the newest Snapshot, at most as often as ``Shared`` allows."""

    def __init__(self, snapshot: Callable[[], Snapshot], clock: Clock, warnings: Warnings) -> None:
        self._snapshot = snapshot
        self._clock = clock
        self._warnings = warnings
        self._known = _NO_ROWS
        self._cpu_seconds = 0.0
        self._shared = Shared(self._made, lambda _: view_rest_after(self._cpu_seconds))
        self._by_id = OncePerRows(_by_id)

    async def newest(self) -> Inventory:
        """The newest Inventory."""
        return await self._shared.get()

    async def endpoint(
        self, given: Callable[[str], str | None]
    ) -> tuple[Row | None, Sequence[Row]]:
        """The endpoint that the parameters name, and the target's others; without an address, the target's worst."""
        found = await self.newest()
        if wanted := given("id"):
            by_id = await asyncio.to_thread(self._by_id.of, found)
            row = by_id.get(wanted)
            rows = found.by_target[row.target] if row else ()
        else:
            rows, address = found.by_target.get(given("target") or "", ()), given("address")
            fitting = [one for one in rows if not address or one.address == address]
            row = min(fitting, key=lambda one: -one.badness, default=None)
        return row, [one for one in rows if one is not row]

    def expire(self) -> None:
        """Read the Snapshot again for the next page: a user has just changed what it shows."""
        self._shared.expire()

    async def _made(self) -> Inventory:
        snapshot, now = self._snapshot(), self._clock.now()
        work = partial(_inventory_of, snapshot, now, self._warnings, self._known)
        made, self._cpu_seconds = await asyncio.to_thread(measured, work)
        self._known = made.rows
        return made


class OncePerInventory(Generic[Value]):
    """Values that are computed from an Inventory, one for each key, and kept until there is a newer one.

    Threads that ask at the same time wait for one of them to compute.
    """

    def __init__(self, compute: Callable[[Inventory, str], Value]) -> None:
        self._compute = compute
        self._computing = threading.Lock()
        self._computed_from: object = None
        self._known: dict[str, Value] = {}

    def of(self, inventory: Inventory, key: str = "") -> Value:
        """The value for ``inventory``; call it in a thread."""
        with self._computing:
            basis = self._basis(inventory)
            if self._computed_from is not basis:
                self._computed_from, self._known = basis, {}
            if key not in self._known:
                self._known[key] = self._compute(inventory, key)
            return self._known[key]

    def _basis(self, inventory: Inventory) -> object:
        """What the values are computed from."""
        return inventory


class OncePerRows(OncePerInventory[Value]):
    """The same for values that depend only on the rows: kept until an endpoint has another status."""

    def _basis(self, inventory: Inventory) -> object:
        return inventory.rows


def _by_id(inventory: Inventory, _: str) -> Mapping[str, Row]:
    return {endpoint_id(key): row for key, row in inventory.by_key.items()}


def _inventory_of(
    snapshot: Snapshot, now: datetime, warnings: Warnings, known: Sequence[Row]
) -> Inventory:
    # Their rows keep these statuses alive, so no other status has the identity of one of them.
    by_status = {id(row.status): row for row in known}
    rows: Sequence[Row] = tuple(
        by_status.get(id(status)) or row_of(status) for status in snapshot.endpoints
    )
    if len(rows) == len(known) and all(map(is_, rows, known)):
        rows = known
    by_target: dict[str, list[Row]] = {}
    for row in rows:
        by_target.setdefault(row.target, []).append(row)
    return Inventory(
        rows=rows,
        by_key={row.key: row for row in rows},
        by_target=by_target,
        now=now,
        warnings=warnings(snapshot),
        resource_claims=snapshot.resource_claims,
    )
