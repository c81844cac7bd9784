"""A crowd of HTTP clients in a process of its own: idle, slow and fast ones, which all reconnect.

``python -m tests.service.http.crowd PORT IDLE SLOW FAST`` runs until it is killed. It prints "all are there"
when each client has connected once, and every second the number of answers to the fast ones.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Final

_PATHS: Final = (
    "/",
    "/-/status",
    "/metrics",
    "/metrics/endpoints",
    "/metrics/fleet",
    "/sd/prometheus",
    "/-/ready",
)
_HEAD: Final = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: " + b"x" * 3600
_AT_ONCE: Final = 50

Client = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[str]]


async def idle(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> str:
    await reader.read()
    return "idle closed"


async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    closed = asyncio.ensure_future(reader.read())
    for byte in _HEAD:
        writer.write(bytes([byte]))
        if (await asyncio.wait({closed}, timeout=1))[0]:
            break
    await closed
    return "slow closed"


def fast(number: int) -> Client:
    path = _PATHS[number % len(_PATHS)]
    words = f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()

    async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        writer.write(words)
        return (await reader.read())[9:12].decode() or "nothing"

    return ask


async def main(port: int, idles: int, slows: int, fasts: int) -> None:
    """Run the crowd."""
    gate, counted, missing = asyncio.Semaphore(_AT_ONCE), Counter[str](), idles + slows + fasts

    async def reconnect_forever(client: Client) -> None:
        nonlocal missing
        for time in count():
            try:
                async with gate:
                    reader, writer = await asyncio.open_connection("127.0.0.1", port)
                missing -= time == 0
                try:
                    counted[await client(reader, writer)] += 1
                finally:
                    writer.close()
            except OSError as error:
                counted[type(error).__name__] += 1

    async with asyncio.TaskGroup() as group:
        for client in (*[idle] * idles, *[slow] * slows, *map(fast, range(fasts))):
            group.create_task(reconnect_forever(client))
        has_said = False
        while True:
            await asyncio.sleep(1)
            if not missing and not has_said:
                print("all are there", flush=True)
                has_said = True
            print(dict(counted), flush=True)


if __name__ == "__main__":
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    # It stands for other machines, which would not take CPU time from the service.
    os.nice(10)
    asyncio.run(main(*map(int, sys.argv[1:5])))
