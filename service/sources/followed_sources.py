"""The sources of the configuration in force: when it is reloaded, the next ones begin with what these held."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from model.target import Target
from service.sources.target_sources import TargetSources

Kept: TypeAlias = Mapping[str, Sequence[Target]]
"""What sources held before, by their names."""


class FollowedSources:
    """Follows what ``make`` makes of the configuration; ``forget`` is told the name of each source that is no more."""

    def __init__(
        self, make: Callable[[Kept], TargetSources], forget: Callable[[str], None]
    ) -> None:
        self._make = make
        self._forget = forget
        self._is_reloaded = asyncio.Event()
        self.current = make({})

    def begin_with(self, kept: Kept) -> None:
        """Make them anew, to begin with ``kept``, before they are followed."""
        self.current = self._make(kept)

    def reload(self) -> None:
        """There is another configuration."""
        self._is_reloaded.set()

    async def watch(self) -> None:
        """Follow the sources, other ones after each reload; ends only by cancellation."""
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
            before = self.current.by_source
            self.current = self._make(before)
            for name in before.keys() - self.current.by_source.keys():
                self._forget(name)
