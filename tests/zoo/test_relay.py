"""The counting relay counts every connection, including one that sends nothing."""

from __future__ import annotations

import asyncio

from tests.probe.programmable.server import Connection, serve
from tests.zoo.relay import counting_relay


async def echo_once(connection: Connection) -> None:
    await connection.send(await connection.receive())


async def test_silent_and_speaking_connections_are_counted() -> None:
    async with serve(echo_once) as server, counting_relay(server.port) as relay:
        for said in (b"", b"one", b"two"):
            reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
            writer.write(said)
            writer.write_eof()
            assert await reader.read() == said
            writer.close()
            await writer.wait_closed()
        assert await relay.settle() == 3
