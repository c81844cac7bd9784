"""A TCP relay in front of a server, which counts the connections of a visit.

It forwards bytes, closes and resets as they arrive, and nothing else. The count is from the server's side, so
it can be compared with an Observation.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

CHUNK = 65536


@dataclass(slots=True, kw_only=True)
class CountingRelay:
    """A running relay: its port, and the number of accepted connections."""

    server: tuple[str, int]
    port: int = 0
    connections: int = 0
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _marks: set[int] = field(default_factory=set)

    async def settle(self) -> int:
        """Waits until all connections made so far are counted, and returns their number.

        Connections are accepted in order: once a connection of our own has been accepted, every earlier one
        has.
        """
        _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        mark: int = writer.get_extra_info("sockname")[1]
        while mark not in self._marks:
            self._arrived.clear()
            await self._arrived.wait()
        writer.close()
        await writer.wait_closed()
        self.connections -= 1
        return self.connections

    async def relay(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        """Serves one connection."""
        self.connections += 1
        self._marks.add(to_client.get_extra_info("peername")[1])
        self._arrived.set()
        async with _closing(to_client):
            try:
                server, to_server = await asyncio.open_connection(*self.server)
            except OSError:
                to_client.transport.abort()
                return
            async with _closing(to_server):
                await asyncio.gather(pump(client, to_server), pump(server, to_client))


@asynccontextmanager
async def _closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    except asyncio.CancelledError:
        writer.transport.abort()
        raise
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Forwards bytes until the end of one side, which it passes on."""
    try:
        while some := await reader.read(CHUNK):
            writer.write(some)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.transport.abort()


@asynccontextmanager
async def counting_relay(server_port: int) -> AsyncIterator[CountingRelay]:
    """A relay on a free loopback port to ``server_port``, while the context lasts."""
    async with relaying(("127.0.0.1", 0), ("127.0.0.1", server_port)) as relay:
        yield relay


@asynccontextmanager
async def relaying(place: tuple[str, int], server: tuple[str, int]) -> AsyncIterator[CountingRelay]:
    """A relay from an address and port to those of a server, while the context lasts."""
    relay = CountingRelay(server=server)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(relay.relay(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    listener = await asyncio.start_server(accept, *place, backlog=512)
    async with listener:
        relay.port = listener.sockets[0].getsockname()[1]
        try:
            yield relay
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
