"""A TCP proxy that adds latency and counts connections, in a process of its own.

``python -m benchmarks.support.proxy UPSTREAM_PORT ROUND_TRIP_SECONDS`` prints its port as one line of JSON. Each line on
standard input requests the totals since the start, which are printed once no connection is open; the end of
standard input stops the proxy.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import sys
from collections import deque
from collections.abc import Callable
from typing import Final, cast

import uvloop

from benchmarks.support.delays import Path
from benchmarks.support.nginx import HOST, loopback_addresses

# By then the loop has also seen the connections that the kernel has already accepted.
_SETTLE_SECONDS: Final = 0.02


class Lane:
    """One direction of a connection: bytes come out late and in order."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # Timers that are due at the same instant have no defined order; the queue has.
        self._on_the_way: deque[Callable[[asyncio.Transport], None]] = deque()
        self._arrived = 0
        self._exit: asyncio.Transport | None = None

    def open(self, transport: asyncio.BaseTransport) -> None:
        """From now on, bytes leave through ``transport``."""
        self._exit = cast(asyncio.Transport, transport)
        self._release()

    def send_at(self, due: float, action: Callable[[asyncio.Transport], None]) -> None:
        """Perform ``action`` on the lane's exit at ``due``, in loop time."""
        self._on_the_way.append(action)
        if due <= self._loop.time():
            self._arrive()
        else:
            self._loop.call_at(due, self._arrive)

    def _arrive(self) -> None:
        self._arrived += 1
        self._release()

    def _release(self) -> None:
        while self._exit is not None and self._arrived:
            self._arrived -= 1
            action = self._on_the_way.popleft()
            if not self._exit.is_closing():
                action(self._exit)


class End(asyncio.Protocol):
    """One end of a connection: sends its bytes into one lane, and is the exit of the other.

    Half-closed connections are not supported: no scanner uses them.
    """

    def __init__(
        self, exit_of: Lane, into: Lane, due: Callable[[], float], on_lost: Callable[[], None]
    ) -> None:
        self._exit_of = exit_of
        self._into = into
        self._due = due
        self._on_lost = on_lost

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._exit_of.open(transport)

    def data_received(self, data: bytes) -> None:
        self._into.send_at(self._due(), lambda way_out: way_out.write(data))

    def connection_lost(self, exc: Exception | None) -> None:
        if exc is None:
            self._into.send_at(self._due(), lambda way_out: way_out.close())
        else:
            self._into.send_at(self._due(), lambda way_out: way_out.abort())
        self._on_lost()


class DelayingProxy:
    """Forwards connections to ``upstream_port`` on loopback over ``path``, and counts them."""

    def __init__(self, upstream_port: int, path: Path, group: asyncio.TaskGroup) -> None:
        self._upstream_port = upstream_port
        self._path = path
        self._group = group
        self._loop = asyncio.get_running_loop()
        self._open_ends = 0
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self.connections = 0

    async def listen(self, addresses: int = 1) -> tuple[list[asyncio.Server], int]:
        """Accept connections from now on; returns the listeners, one per loopback address, and their common
        port."""
        listeners: list[asyncio.Server] = []
        port = 0
        for address in loopback_addresses(addresses):
            listener = await self._loop.create_server(self._accept, address, port, backlog=1024)
            port = listener.sockets[0].getsockname()[1]
            listeners.append(listener)
        return listeners, port

    async def settle(self) -> None:
        """Wait until every connection has ended."""
        await asyncio.sleep(_SETTLE_SECONDS)
        await self._is_idle.wait()

    def _accept(self) -> End:
        self.connections += 1
        accepted_at = self._loop.time()
        to_server, to_client = Lane(self._loop), Lane(self._loop)
        client = End(
            exit_of=to_client,
            into=to_server,
            due=lambda: self._path.to_server_at(accepted_at, self._loop.time()),
            on_lost=self._close_end,
        )
        server = End(
            exit_of=to_server,
            into=to_client,
            due=lambda: self._path.to_client_at(self._loop.time()),
            on_lost=self._close_end,
        )
        self._open_ends += 2
        self._is_idle.clear()
        self._group.create_task(self._dial(server))
        return client

    async def _dial(self, server: End) -> None:
        try:
            await self._loop.create_connection(lambda: server, HOST, self._upstream_port)
        except OSError as error:
            server.connection_lost(error)

    def _close_end(self) -> None:
        self._open_ends -= 1
        if self._open_ends == 0:
            self._is_idle.set()


async def serve(upstream_port: int, path: Path, addresses: int) -> None:
    """Run a proxy, answering each line of standard input with the totals, until that ends."""
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with asyncio.TaskGroup() as group:
        proxy = DelayingProxy(upstream_port, path, group)
        listeners, port = await proxy.listen(addresses)
        _say(port=port)
        while await lines.readline():
            await proxy.settle()
            used = resource.getrusage(resource.RUSAGE_SELF)
            _say(connections=proxy.connections, cpu_seconds=used.ru_utime + used.ru_stime)
        for listener in listeners:
            listener.close()


def _say(**totals: float) -> None:
    print(json.dumps(totals), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("upstream_port", type=int)
    parser.add_argument("round_trip_seconds", type=float)
    parser.add_argument("--addresses", type=int, default=1)
    options = parser.parse_args()
    path = Path(round_trip_seconds=options.round_trip_seconds)
    uvloop.run(serve(options.upstream_port, path, options.addresses))


if __name__ == "__main__":
    main()
