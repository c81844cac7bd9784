"""The proxy loses nothing, keeps the order, and counts every connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from benchmarks.support.delays import Path
from benchmarks.support.nginx import HOST
from benchmarks.support.proxy import DelayingProxy

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(1000):
        writer.write(chunk)
    writer.close()


async def answer_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(1)
    writer.write(b"the end")
    writer.close()


@asynccontextmanager
async def proxy_before(
    talk: Talk, round_trip_seconds: float
) -> AsyncIterator[tuple[DelayingProxy, int]]:
    server = await asyncio.start_server(talk, HOST, 0)
    async with server, asyncio.TaskGroup() as group:
        path = Path(round_trip_seconds=round_trip_seconds)
        proxy = DelayingProxy(server.sockets[0].getsockname()[1], path, group)
        (listener,), port = await proxy.listen()
        yield proxy, port
        listener.close()
        await proxy.settle()


@pytest.mark.parametrize("round_trip_seconds", [0.0, 0.002])
async def test_relayed_bytes_keep_their_order(round_trip_seconds: float) -> None:
    sent = b"".join(number.to_bytes(4, "big") for number in range(20_000))
    async with proxy_before(echo, round_trip_seconds) as (_, port):
        reader, writer = await asyncio.open_connection(HOST, port)
        for start in range(0, len(sent), 777):
            writer.write(sent[start : start + 777])
        received = await reader.readexactly(len(sent))
        writer.close()
    assert received == sent


@pytest.mark.parametrize("round_trip_seconds", [0.0, 0.002])
async def test_the_last_bytes_of_a_server_arrive_before_its_close(
    round_trip_seconds: float,
) -> None:
    async with proxy_before(answer_and_close, round_trip_seconds) as (_, port):
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(b"?")
        assert await reader.read() == b"the end"
        writer.close()


async def test_every_connection_is_counted_even_a_silent_one() -> None:
    async with proxy_before(echo, 0.002) as (proxy, port):
        for _ in range(30):
            _, writer = await asyncio.open_connection(HOST, port)
            writer.close()
        await proxy.settle()
        assert proxy.connections == 30


async def test_an_answer_arrives_no_sooner_than_tcp_allows() -> None:
    loop = asyncio.get_running_loop()
    async with proxy_before(echo, 0.05) as (_, port):
        began = loop.time()
        reader, writer = await asyncio.open_connection(HOST, port)
        writer.write(b"?")
        await reader.readexactly(1)
        writer.close()
    assert loop.time() - began >= 2 * 0.05


async def test_a_server_that_is_gone_ends_the_connection() -> None:
    async with asyncio.TaskGroup() as group:
        gone = await asyncio.start_server(echo, HOST, 0)
        port = gone.sockets[0].getsockname()[1]
        gone.close()
        proxy = DelayingProxy(port, Path(round_trip_seconds=0.0), group)
        (listener,), proxy_port = await proxy.listen()
        reader, writer = await asyncio.open_connection(HOST, proxy_port)
        assert await reader.read() == b""
        writer.close()
        listener.close()
        await proxy.settle()
