"""Fifty honest TLS servers in one process of their own, which record every connection.

``python -m tests.hostile.healthy FILE`` prints the ports, one for each loopback address, as JSON; adds a line
to FILE for every connection (the server's number, and the system's monotonic time in seconds); and ends with
its standard input.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TextIO

from tests.hostile.self_signed import tls_context
from tests.probe.programmable.server import Behaviour, Connection, serve

SERVERS: Final = 50
VISIT_PAUSE_SECONDS: Final = 3.0
"""Connections that are closer together than this belong to the same visit."""


def address_of(number: int) -> str:
    """A loopback address of its own for each server."""
    return f"127.67.0.{1 + number}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthyServers:
    """The running servers: their addresses, and the file of their connections."""

    ports: Sequence[int]
    log: Path

    def visits(self) -> Mapping[int, Sequence[float]]:
        """The start times of the visits to each server, by the monotonic clock."""
        begun: dict[int, list[float]] = defaultdict(list)
        last: dict[int, float] = {}
        for line in self.log.read_text(encoding="ascii").splitlines():
            number, moment = int(line.split()[0]), float(line.split()[1])
            if moment - last.get(number, float("-inf")) > VISIT_PAUSE_SECONDS:
                begun[number].append(moment)
            last[number] = moment
        return begun


def _noted(number: int, log: TextIO) -> Behaviour:
    """Records a request and answers it with an empty page."""

    async def behave(connection: Connection) -> None:
        print(number, time.monotonic(), file=log, flush=True)
        if await connection.receive():
            await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    return behave


async def _serve(log: TextIO) -> None:
    async with AsyncExitStack() as stack:
        ports = []
        for number in range(SERVERS):
            context = serve(_noted(number, log), (address_of(number),), tls_context())
            ports.append((await stack.enter_async_context(context)).port)
        print(json.dumps(ports), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


@contextmanager
def healthy_servers(log: Path) -> Iterator[HealthyServers]:
    """The servers, while the context lasts."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.hostile.healthy", log],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        try:
            assert process.stdout is not None
            yield HealthyServers(ports=json.loads(process.stdout.readline()), log=log)
        finally:
            process.kill()


def main() -> None:
    """Serves until the standard input ends."""
    with Path(sys.argv[1]).open("a", encoding="ascii") as log:
        asyncio.run(_serve(log))


if __name__ == "__main__":
    main()
