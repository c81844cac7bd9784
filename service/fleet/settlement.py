"""Stores the results of visits and releases their claims, for all visits that end at about the same time at once.

While one group is stored, the next one gathers: the number of transactions does not grow with the number of visits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field

from model.endpoint_state import Visit
from service.fleet.leases import Leases


@dataclass(slots=True, kw_only=True, eq=False)
class Settling:
    """A visit to be stored. After an attempt, ``error`` is why it failed, or None.

    ``is_stored`` stays True if the claim could not be released afterwards. ``is_ours`` is whether the worker still
    had the claim; otherwise nothing was stored. ``context`` has the visit's span, to which its storing belongs.
    """

    visit: Visit
    worker_id: int
    is_stored: bool = False
    is_ours: bool = False
    error: Exception | None = None
    context: Context = field(default_factory=copy_context)


class Settlement:
    """Stores visits with ``store``, each at most once, and only while the worker has the claim."""

    def __init__(self, claims: Leases, store: Callable[[Visit], Awaitable[None]]) -> None:
        self._claims = claims
        self._store = store
        self._waiting: list[Settling] = []
        self._turn = asyncio.Lock()

    async def settle(self, one: Settling) -> None:
        """Store the visit, together with those that wait, and release the claim; may be called again.

        Raises:
            Exception: what ``store`` or the database of the claims raised.
        """
        self._waiting.append(one)
        try:
            async with self._turn:
                if one in self._waiting:
                    await self._settle_group()
        finally:
            if one in self._waiting:
                self._waiting.remove(one)
        if one.error is not None:
            raise one.error

    async def _settle_group(self) -> None:
        group, self._waiting = self._waiting, []
        try:
            for worker_id in {one.worker_id for one in group}:
                await self._settle_of(
                    worker_id, [one for one in group if one.worker_id == worker_id]
                )
        except BaseException:
            # This caller was cancelled: the next one settles the others.
            self._waiting = group + self._waiting
            raise

    async def _settle_of(self, worker_id: int, group: Sequence[Settling]) -> None:
        loop = asyncio.get_running_loop()
        try:
            keys = [one.visit.key for one in group]
            async with self._claims.settling(keys, worker_id) as held:
                errors = await asyncio.gather(
                    *(
                        loop.create_task(self._store_one(one, held), context=one.context)
                        for one in group
                    )
                )
                held -= {one.visit.key for one, error in zip(group, errors, strict=True) if error}
        except Exception as error:  # each caller gets it
            errors = [error] * len(group)
        for one, failure in zip(group, errors, strict=True):
            one.error = failure

    async def _store_one(self, one: Settling, held: set[str]) -> Exception | None:
        try:
            one.is_ours = one.is_stored or one.visit.key in held
            if one.is_ours and not one.is_stored:
                await self._store(one.visit)
                one.is_stored = True
        except Exception as error:  # the caller gets it
            return error
        return None
