"""The source of the targets that clients add through the API: they are in the database, and a change takes effect at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

from discovery.source import API_SOURCE, DiscoveryUpdate
from model.ports import ApiTargets
from model.target import Target
from storage import StoreError

_REFRESH_SECONDS: Final = 60.0
"""Another process of the service may change the same database."""
_PATIENCE_SECONDS: Final = 5.0


class ApiTargetSource:
    """Reads ``store`` when ``take_effect`` is called, and every minute. ``targets`` has what it read last, by key."""

    name = API_SOURCE

    def __init__(self, store: ApiTargets) -> None:
        self.targets: Mapping[str, Target] = {}
        self._store = store
        self._changes = 0
        self._changed = asyncio.Event()
        self._in_force = 0
        self._is_in_force = asyncio.Condition()

    async def watch(self) -> AsyncIterator[DiscoveryUpdate]:
        """All targets, whenever they have changed."""
        passed_on: Mapping[str, Target] | None = None
        while True:
            self._changed.clear()
            changes = self._changes
            try:
                found = await self._store.api_targets()
            except StoreError as error:
                passed_on = None
                yield DiscoveryUpdate(targets=None, error=str(error))
            else:
                self.targets = {one.key: replace(one, source=API_SOURCE) for one in found}
                if self.targets != passed_on:
                    passed_on = self.targets
                    yield DiscoveryUpdate(targets=tuple(passed_on.values()), error=None)
                # The scheduler has the targets as soon as it asks for the next ones.
                await self._note_in_force(changes)
            with suppress(TimeoutError):
                async with asyncio.timeout(_REFRESH_SECONDS):
                    await self._changed.wait()

    async def take_effect(self) -> None:
        """Wait until the scheduler has the targets that are stored now, but not for long."""
        self._changes += 1
        changes = self._changes
        self._changed.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS), self._is_in_force:
                await self._is_in_force.wait_for(lambda: self._in_force >= changes)

    async def _note_in_force(self, changes: int) -> None:
        async with self._is_in_force:
            self._in_force = max(self._in_force, changes)
            self._is_in_force.notify_all()
