"""The inventory's sources side by side: what each yields, joined, goes to the scheduler."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from model.ports import Meter
from model.target import Target
from probe.discovery.file import FileSource

_LOG = structlog.stdlib.get_logger("tlsprobe")


class TargetSources:
    """Targets files that are watched, and targets that stay.

    ``use`` is called with all targets whenever one source has changed; a target that several
    sources have is taken as the first has it. A source that fails keeps what it last yielded.
    """

    def __init__(
        self,
        files: Sequence[Path],
        fixed: Sequence[Target],
        use: Callable[[Sequence[Target]], None],
        meter: Meter,
    ) -> None:
        self._files = {f"file:{file}": file for file in files}
        self._targets: dict[str, Sequence[Target]] = dict.fromkeys(self._files, ())
        self._unread = set(self._files)
        self._fixed = fixed
        self._use = use
        self._meter = meter

    @property
    def are_read(self) -> bool:
        """Whether every source has been read, with whatever success."""
        return not self._unread

    async def watch(self) -> None:
        """Follow all sources; ends only by cancellation, or at once where no file is watched."""
        if self._fixed:
            self._meter.discovery_updated(self._fixed[0].source, len(self._fixed), None)
        self._hand_over()
        async with asyncio.TaskGroup() as group:
            for name, file in self._files.items():
                group.create_task(self._follow(name, FileSource(file)))

    async def _follow(self, name: str, source: FileSource) -> None:
        async for update in source.watch():
            count = None if update.targets is None else len(update.targets)
            self._meter.discovery_updated(name, count, update.error)
            if update.targets is not None:
                self._targets[name] = update.targets
                self._hand_over()
            self._unread.discard(name)

    def _hand_over(self) -> None:
        joined: dict[str, Target] = {}
        for targets in (self._fixed, *self._targets.values()):
            for target in targets:
                joined.setdefault(target.key, target)
        self._use(tuple(joined.values()))
