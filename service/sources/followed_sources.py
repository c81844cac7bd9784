"""The sources of the active configuration; after a reload, the new ones start with the targets of the old ones."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from service.sources.target_sources import Kept, TargetSources


class FollowedSources:
    """Follows the sources that ``make`` creates from the configuration; ``forget`` gets the names of removed ones."""

    def __init__(
        self, make: Callable[[Kept], TargetSources], forget: Callable[[str], None]
    ) -> None:
        self._make = make
        self._forget = forget
        self._is_reloaded = asyncio.Event()
        self.current = make(Kept())

    def begin_with(self, kept: Kept) -> None:
        """Create the sources again, with what is in ``kept``, before they are followed."""
        self.current = self._make(kept)

    def reload(self) -> None:
        """Switch to the sources of the new configuration."""
        self._is_reloaded.set()

    async def watch(self) -> None:
        """Follow the sources, and the new ones after each reload; ends only when cancelled."""
        while True:
            watching = asyncio.create_task(self.current.watch())
            reloaded = asyncio.create_task(self._is_reloaded.wait())
            try:
                await asyncio.wait({watching, reloaded}, return_when=asyncio.FIRST_COMPLETED)
                if watching.done():
                    watching.result()
                await reloaded
            finally:
                for task in (watching, reloaded):
                    task.cancel()
                await asyncio.gather(watching, reloaded, return_exceptions=True)
            self._is_reloaded.clear()
            before = self.current.kept
            self.current = self._make(before)
            for name in before.targets.keys() - self.current.by_source.keys():
                self._forget(name)
