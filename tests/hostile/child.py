"""All hostile servers in one process of their own, so that their work does not count as the prober's.

``python -m tests.hostile.child [NAME ...]`` starts the named modes, or all of them, each on its own loopback
address; prints their addresses as one line of JSON; and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import asdict
from typing import Final

from model.target import Target
from tests.hostile.catalogue import MODES
from tests.hostile.mode import Mode, Ports

_STOPPED_WITHIN_SECONDS: Final = 20


def address_of(mode: Mode) -> str:
    """A loopback address of its own for each mode, because connection limits apply per address."""
    number = 1 + MODES.index(mode)
    return f"127.66.{number >> 7}.{number & 127 or 128}"


@asynccontextmanager
async def _all(modes: Sequence[Mode]) -> AsyncIterator[Mapping[str, Ports]]:
    async with AsyncExitStack() as servers:
        yield {
            mode.name: await servers.enter_async_context(mode.start(address_of(mode)))
            for mode in modes
        }


async def _serve(names: Sequence[str]) -> None:
    chosen = [mode for mode in MODES if not names or mode.name in names]
    async with _all(chosen) as ports:
        print(json.dumps({name: asdict(where) for name, where in ports.items()}), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


@contextmanager
def hostile_servers(*names: str) -> Iterator[Mapping[str, Target]]:
    """The targets of the running modes, by name."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.hostile.child", *names],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        try:
            assert process.stdout is not None
            ports = json.loads(process.stdout.readline())
            yield {
                mode.name: mode.target(address_of(mode), Ports(**ports[mode.name]))
                for mode in MODES
                if mode.name in ports
            }
            assert process.stdin is not None
            process.stdin.close()
            assert process.wait(_STOPPED_WITHIN_SECONDS) == 0, "a hostile server failed by itself"
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1:]))
