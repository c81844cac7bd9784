"""Connections on real sockets: their maximum number, who must leave first, and what a slow client may hold."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import pytest
from starlette.types import Receive, Scope, Send

from service.http.guard.access import Access
from service.http.guard.guard import Guard
from service.http.guard.waiting import ConnectionLimits
from service.http.server import listen, serve_http, url_of

pytestmark = pytest.mark.slow

LARGE = 60_000_000
GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEALTH = b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n"
Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class App:
    """Sends ``size`` bytes when allowed; records whether the client left before it had received them all."""

    size: int = 2
    asked: int = 0
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    is_left: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked += 1
        await self.may_answer.wait()
        leaving = asyncio.create_task(self._watch(receive))
        length = str(self.size).encode()
        headers = [(b"content-length", length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"x" * self.size})
        await leaving

    async def _watch(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.is_left.set()


class Served:
    """A loopback server, and its clients."""

    def __init__(self, port: int, stack: AsyncExitStack) -> None:
        self._port = port
        self._stack = stack

    async def connect(self, words: bytes = b"", limit: int = 2**16) -> Client:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=limit)
        self._stack.callback(writer.close)
        writer.write(words)
        return reader, writer

    async def ask(self, words: bytes) -> bytes:
        reader, _ = await self.connect(words)
        return await everything(reader)


async def everything(reader: asyncio.StreamReader) -> bytes:
    """What the server sends until it closes or resets."""
    received = bytearray()
    try:
        while piece := await asyncio.wait_for(reader.read(65_536), 30):
            received += piece
    except ConnectionResetError:
        pass
    return bytes(received)


@asynccontextmanager
async def serving(app: App, **limits: float) -> AsyncIterator[Served]:
    given = {"connections": 100, "per_caller": 100, "requests_per_second": 1000, **limits}
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        listener = stack.enter_context(listen("127.0.0.1:0"))
        bounds = ConnectionLimits(
            connections=int(given["connections"]),
            per_caller=int(given["per_caller"]),
            requests_per_second=int(given["requests_per_second"]),
            head_seconds=given.get("head_seconds", 10.0),
            stall_seconds=given.get("stall_seconds", 20.0),
        )
        task = asyncio.create_task(serve_http(Guard(app, Access()), listener, bounds, stop))
        stack.push_async_callback(asyncio.wait_for, task, 30)
        stack.callback(stop.set)
        yield Served(int(url_of(listener).rpartition(":")[2]), stack)


@pytest.fixture
def app() -> App:
    app = App()
    app.may_answer.set()
    return app


async def test_each_connection_has_one_request(app: App) -> None:
    async with serving(app) as served:
        answer = await served.ask(GET + GET)
    assert (answer.count(b"HTTP/1.1 200 OK"), b"connection: close" in answer.lower()) == (1, True)


async def test_the_oldest_idle_connection_is_closed_for_a_new_one(app: App) -> None:
    async with serving(app, per_caller=4) as served:
        idle = [await served.connect() for _ in range(10)]
        for reader, _ in idle[:6]:
            assert await everything(reader) == b""
        assert b"200 OK" in await served.ask(GET)


async def test_idle_connections_of_all_callers_are_bounded_too(app: App) -> None:
    async with serving(app, connections=4) as served:
        idle = [await served.connect() for _ in range(10)]
        for reader, _ in idle[:6]:
            assert await everything(reader) == b""
        assert b"200 OK" in await served.ask(GET)


async def test_requests_use_at_most_half_of_the_connections_and_health_is_answered() -> None:
    app = App()
    async with serving(app, connections=8, per_caller=8) as served:
        running = [await served.connect(GET) for _ in range(4)]
        answer = await served.ask(GET)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"too many requests" in answer
        assert (await served.ask(HEALTH)).endswith(b"\r\n\r\nhealthy\n")
        app.may_answer.set()
        answers = [await everything(reader) for reader, _ in running]
        assert [b"200 OK" in one for one in answers] == [True] * 4
        assert b"200 OK" in await served.ask(GET)


@pytest.mark.parametrize("words", [b"", b"G", GET[:-2]])
async def test_a_head_must_arrive_in_time(app: App, words: bytes) -> None:
    async with serving(app, head_seconds=0.2) as served:
        answer = await served.ask(words)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert app.asked == 0


async def test_a_head_that_arrives_byte_by_byte_is_read(app: App) -> None:
    async with serving(app) as served:
        reader, writer = await served.connect()
        for byte in GET:
            writer.write(bytes([byte]))
            await writer.drain()
        assert b"200 OK" in await everything(reader)


@pytest.mark.parametrize("after", [b"x" * 100_000, b"x: y\r\n" * 20_000])
async def test_a_head_must_not_be_long(app: App, after: bytes) -> None:
    async with serving(app) as served:
        answer = await served.ask(GET[:-2] + after)
    assert answer.startswith(b"HTTP/1.1 431 ") or answer == b""
    assert app.asked == 0


@pytest.mark.parametrize(
    "words",
    [
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
    ],
)
async def test_input_that_is_not_http_gets_400(app: App, words: bytes) -> None:
    async with serving(app) as served:
        answer = await served.ask(words)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert app.asked == 0


async def test_requests_are_served_at_the_configured_rate(app: App) -> None:
    async with serving(app, requests_per_second=10) as served:
        loop = asyncio.get_running_loop()
        began = loop.time()
        answers = await asyncio.gather(*(served.ask(GET) for _ in range(30)))
        took = loop.time() - began
    assert [b"200 OK" in answer for answer in answers] == [True] * 30
    # Ten at once, and twenty more at ten a second.
    assert took >= 1.9


async def test_a_client_that_never_reads_is_cut_off_and_gets_at_most_a_full_buffer() -> None:
    app = App(size=LARGE)
    app.may_answer.set()
    async with serving(app, stall_seconds=0.5) as served:
        reader, writer = await served.connect(GET, limit=1)
        transport = writer.transport
        assert isinstance(transport, asyncio.Transport)
        transport.pause_reading()
        await asyncio.wait_for(app.is_left.wait(), 30)
        transport.resume_reading()
        received = await everything(reader)
    # The kernel takes some megabytes; the rest was never written.
    assert 0 < len(received) < LARGE / 2


async def test_a_client_that_reads_slowly_gets_the_whole_answer() -> None:
    app = App(size=LARGE // 10)
    app.may_answer.set()
    async with serving(app, stall_seconds=20) as served:
        reader, _ = await served.connect(GET)
        received = 0
        while piece := await asyncio.wait_for(reader.read(200_000), 30):
            received += len(piece)
            await asyncio.sleep(0.001)
    assert received > app.size
