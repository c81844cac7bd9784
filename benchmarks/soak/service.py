"""The service that soaks: ``tlsprobe serve`` as a process, and its log as it is written."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from tests.service.processes import TLSPROBE, environment

Entry: TypeAlias = dict[str, Any]

VISIT: Final = "visit finished"
_QUIET: Final = frozenset({"debug", "info"})
_LONGEST_LINE: Final = 2**20
_STOPS_WITHIN_SECONDS: Final = 60.0


@dataclass(slots=True, kw_only=True)
class Soaking:
    """The running service, and what its log has said: visits by endpoint key, and lines that need a look."""

    process: asyncio.subprocess.Process
    log: asyncio.StreamReader
    visits: Counter[str] = field(default_factory=Counter)
    last_visits: dict[str, datetime] = field(default_factory=dict)
    lines: Counter[str] = field(default_factory=Counter)
    stop_seconds: float = 0.0
    has_ended_itself: bool = False

    async def read(self, on_visit: Callable[[Entry], Awaitable[None]]) -> None:
        """Reads the log until the process ends; ``on_visit`` gets each line about a visit that has ended."""
        while line := await self.log.readline():
            text = line.decode(errors="replace").rstrip()
            try:
                entry = json.loads(text)
            except ValueError:
                self.lines[text] += 1
                continue
            if entry["event"] == VISIT:
                self.visits[entry["endpoint"]] += 1
                self.last_visits[entry["endpoint"]] = datetime.now(UTC)
                await on_visit(entry)
            elif entry["level"] not in _QUIET:
                self.lines[f"{entry['level']}: {entry['event']} {entry.get('reason', '')}"] += 1

    async def stop(self) -> None:
        """Stops the service, and measures how long that takes."""
        if self.process.returncode is not None:
            self.has_ended_itself = True
            return
        began = asyncio.get_running_loop().time()
        self.process.terminate()
        async with asyncio.timeout(_STOPS_WITHIN_SECONDS):
            await self.process.wait()
        self.stop_seconds = asyncio.get_running_loop().time() - began


@asynccontextmanager
async def soaking(configuration: Path) -> AsyncIterator[Soaking]:
    """The service with this configuration while the context lasts."""
    process = await asyncio.create_subprocess_exec(
        TLSPROBE,
        "serve",
        "--config",
        configuration,
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
        env=environment(),
    )
    if process.stderr is None:
        raise RuntimeError("the process was started without a pipe")
    try:
        yield Soaking(process=process, log=process.stderr)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def age_seconds(entry: Entry) -> float:
    """How long ago the line was written."""
    written = datetime.fromisoformat(entry["timestamp"])
    return (datetime.now(UTC) - written).total_seconds()
