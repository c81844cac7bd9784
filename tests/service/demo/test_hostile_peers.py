"""A demo server survives whatever its peers send, withhold or abandon."""

from __future__ import annotations

import asyncio
import random
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from model.target import Target
from service.demo import DemoFleet
from service.demo.authority import DemoAuthority
from service.demo.fleet import HOST
from service.demo.recipes import RECIPES, issue, make_context
from service.demo.tls_server import ServerLimits, TlsServer
from tests.service.demo.clients import (
    client_context,
    client_hello,
    fetch,
    read_to_the_end,
    target_of,
)

pytestmark = pytest.mark.slow

HELLO = client_hello(server_name="modern.demo.test", version=0x0303, suites=[0xC02B, 0xC02F])
CONTEXT = client_context(ssl.TLSVersion.TLSv1_3)


def garbage() -> list[bytes]:
    source = random.Random(20261124)
    noise = [source.randbytes(source.randrange(1, 2000)) for _ in range(60)]
    torn = [HELLO[:cut] + source.randbytes(40) for cut in range(0, len(HELLO), 7)]
    flipped = [
        HELLO[:at] + bytes([HELLO[at] ^ 0xFF]) + HELLO[at + 1 :] for at in range(0, len(HELLO), 3)
    ]
    plain = [b"GET / HTTP/1.1\r\nHost: demo\r\n\r\n", b"SSH-2.0-demo\r\n", b"\x80\x2e\x01\x00\x02"]
    return noise + torn + flipped + plain


async def test_garbage_ends_only_its_own_connection(fleet: DemoFleet) -> None:
    target = target_of(fleet, "modern")

    async def send(noise: bytes) -> None:
        reader, writer = await asyncio.open_connection(target.host, target.port)
        writer.write(noise)
        writer.write_eof()
        await read_to_the_end(reader)
        writer.transport.abort()

    async with asyncio.TaskGroup() as group:
        for noise in garbage():
            group.create_task(send(noise))
    assert (await fetch(target, CONTEXT)).startswith(b"HTTP/1.1 200 OK\r\n")


async def test_200_clients_at_once_are_all_answered(fleet: DemoFleet) -> None:
    target = target_of(fleet, "modern")
    async with asyncio.TaskGroup() as group:
        fetches = [group.create_task(fetch(target, CONTEXT)) for _ in range(200)]
    assert {each.result().split(b"\r\n", 1)[0] for each in fetches} == {b"HTTP/1.1 200 OK"}


async def test_half_a_hello_does_not_delay_others(fleet: DemoFleet) -> None:
    target = target_of(fleet, "modern")
    held = [await asyncio.open_connection(target.host, target.port) for _ in range(100)]
    for _, writer in held:
        writer.write(HELLO[: len(HELLO) // 2])
    page = await fetch(target, CONTEXT)
    for _, writer in held:
        writer.transport.abort()
    assert page.startswith(b"HTTP/1.1 200 OK\r\n")


async def send_forever(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"more")
        await writer.drain()
        await asyncio.sleep(0)


@asynccontextmanager
async def limited_server(limits: ServerLimits) -> AsyncIterator[tuple[TlsServer, Target]]:
    """The expired server's recipe, which needs no RSA key, with limits chosen by the test."""
    (recipe,) = (each for each in RECIPES if each.name == "expired")
    authority = DemoAuthority(datetime.now(UTC))
    context = make_context(recipe, authority, issue(recipe, authority))
    server = TlsServer(context, b"HTTP/1.1 200 OK\r\n\r\n", limits)
    port = await server.start(HOST, 0)
    try:
        # Below the limits that the test does not set: one of those must not apply instead.
        async with asyncio.timeout(10):
            yield server, Target(host=HOST, port=port, server_name=recipe.server_name)
    finally:
        await server.stop()


async def test_a_refused_client_may_finish_its_request() -> None:
    """Otherwise the kernel resets it, and a client that sees a reset may never read the alert."""
    async with limited_server(ServerLimits(linger_seconds=9)) as (_, target):
        reader, writer = await asyncio.open_connection(target.host, target.port)
        writer.write(client_hello(server_name="demo.test", version=0x0301, suites=[0xC009]))
        answer = await reader.readexactly(7)
        for _ in range(20):
            writer.write(b"more")
            await writer.drain()
            await asyncio.sleep(0)
        assert (answer[:1], answer[5:], await reader.read()) == (b"\x15", bytes([2, 70]), b"")
        writer.transport.abort()


async def test_a_silent_client_is_disconnected_after_its_timeout() -> None:
    async with limited_server(ServerLimits(connection_seconds=0.05)) as (_, target):
        reader, writer = await asyncio.open_connection(target.host, target.port)
        assert await read_to_the_end(reader) == b""
        writer.transport.abort()


async def test_a_client_that_keeps_sending_after_the_end_is_cut_off() -> None:
    limits = ServerLimits(linger_seconds=0.05, received_bytes=sys.maxsize)
    async with limited_server(limits) as (server, target):
        reader, writer = await asyncio.open_connection(target.host, target.port)
        writer.write(b"no TLS at all")
        await read_to_the_end(reader)
        # Only the server ends this: the client neither closes nor falls silent.
        with pytest.raises(ConnectionError):
            await send_forever(writer)
        assert server.connections_open == 0


async def test_a_client_that_sends_too_much_is_cut_off() -> None:
    async with limited_server(ServerLimits(received_bytes=10_000)) as (_, target):
        reader, writer = await asyncio.open_connection(target.host, target.port)
        # A handshake message that announces 128 KiB keeps OpenSSL reading on.
        writer.write(b"\x16\x03\x01\x40\x00\x01\x01\xff\xff" + bytes(12_000))
        assert await read_to_the_end(reader) == b""
        writer.transport.abort()


async def test_one_client_too_many_is_refused_and_the_next_is_accepted() -> None:
    async with limited_server(ServerLimits(connections=1)) as (_, target):
        first_reader, first = await asyncio.open_connection(target.host, target.port)
        second_reader, second = await asyncio.open_connection(target.host, target.port)
        assert await read_to_the_end(second_reader) == b""
        first.write(b"no TLS at all")
        first.write_eof()
        await read_to_the_end(first_reader)
        page = await fetch(target, CONTEXT)
        first.transport.abort()
        second.transport.abort()
    assert page.startswith(b"HTTP/1.1 200 OK\r\n")
