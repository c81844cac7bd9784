"""Scripted servers behind a free loopback port: a behaviour is one coroutine on one connection.

``serve`` runs a behaviour for every accepted connection and counts them; when it ends, all of them end.
``served_on_a_port`` turns a ServerModel into a behaviour.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.probe.programmable.server_model import Reply, ServerModel, Then


@dataclass(slots=True, kw_only=True)
class Connection:
    """One accepted connection, numbered from 1, and the number of open ones."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    open_now: Callable[[], int]

    async def receive(self) -> bytes:
        """Some bytes; empty at the end."""
        return await self.reader.read(65536)

    async def send(self, some: bytes) -> None:
        """Sends, at the receiver's pace."""
        self.writer.write(some)
        await self.writer.drain()

    async def until_closed(self) -> None:
        """Sends nothing until the client hangs up."""
        while await self.receive():
            pass

    @property
    def client_is_connected(self) -> bool:
        """Whether the client has neither closed nor reset the connection."""
        return not self.reader.at_eof() and self.reader.exception() is None

    def reset(self) -> None:
        """Ends with a reset instead of a close, whether or not all was read; does nothing if it has ended."""
        if self.writer.transport.is_closing():
            return
        at_once = struct.pack("ii", 1, 0)
        socket_of_it = self.writer.get_extra_info("socket")
        socket_of_it.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
        self.writer.transport.abort()


Behaviour: TypeAlias = Callable[[Connection], Awaitable[None]]


@dataclass(slots=True, kw_only=True)
class ScriptedServer:
    """A running server: its port, and what it observed."""

    behaviour: Behaviour
    port: int = 0
    connections: int = 0
    most_open: int = 0
    failures: list[BaseException] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _present: list[Connection] = field(default_factory=list)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Begins the behaviour on an accepted connection."""
        self.connections += 1
        connection = Connection(
            reader=reader,
            writer=writer,
            number=self.connections,
            open_now=lambda: len(self.tasks),
        )
        task = asyncio.create_task(self._handle(connection))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        self._present.append(connection)
        # A close that arrived together with this connection is read in the loop's next round.
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._count_open)

    def _count_open(self) -> None:
        self._present = [one for one in self._present if one.client_is_connected]
        self.most_open = max(self.most_open, len(self._present))

    async def _handle(self, connection: Connection) -> None:
        try:
            # A client that hangs up early is not a fault of the script.
            with suppress(ConnectionError):
                await self.behaviour(connection)
        except asyncio.CancelledError:
            connection.reset()
            raise
        except Exception as failure:
            self.failures.append(failure)
        finally:
            connection.writer.close()
            with suppress(OSError):
                await connection.writer.wait_closed()


@asynccontextmanager
async def serve(
    behaviour: Behaviour,
    hosts: Sequence[str] = ("127.0.0.1",),
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[ScriptedServer]:
    """A server with this behaviour, on one port of all ``hosts``, while the context lasts.

    With ``tls`` the behaviour begins after a real handshake.

    Raises:
        BaseExceptionGroup: at the end, if a behaviour failed by a fault of its own.
    """
    server = ScriptedServer(behaviour=behaviour)
    first = await asyncio.start_server(server.accept, hosts[0], 0, backlog=512, ssl=tls)
    server.port = first.sockets[0].getsockname()[1]
    async with AsyncExitStack() as listeners:
        await listeners.enter_async_context(first)
        for host in hosts[1:]:
            more = await asyncio.start_server(
                server.accept, host, server.port, backlog=512, ssl=tls
            )
            await listeners.enter_async_context(more)
        try:
            yield server
        finally:
            for task in server.tasks:
                task.cancel()
            await asyncio.gather(*server.tasks, return_exceptions=True)
    if server.failures:
        raise BaseExceptionGroup("the scripted server failed", server.failures)


def served_on_a_port(model: ServerModel) -> Behaviour:
    """The behaviour of a model that answers one hello, and a second one after HelloRetryRequest."""

    async def behave(connection: Connection) -> None:
        reply = await answer(connection, model)
        if reply.then is Then.RESET:
            connection.reset()
        elif reply.then is Then.WAIT:
            await connection.until_closed()

    return behave


async def answer(connection: Connection, model: ServerModel) -> Reply:
    """Reads one hello, sends the model's reply, and returns the reply."""
    received = b""
    while (reply := model.reply(received)) is None:
        some = await connection.receive()
        if not some:
            return Reply()
        received += some
    await connection.send(reply.sent)
    return reply
