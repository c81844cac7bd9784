"""Servers in memory that serve one client after the other and hold each of them for a while, in virtual time."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import pytest

from probe.connect.dial import Connection, DialAddress
from tests.probe.checks.test_sslv2 import KINDS, server_hello
from tests.probe.programmable.client_hello import is_sslv2_hello


class Peer(Protocol):
    """The server's end of one connection."""

    is_over: bool
    """Whether it closes now."""

    def answer(self, heard: bytes) -> bytes:
        """What it sends after these bytes."""
        ...


class Sslv2Peer:
    """Speaks SSL 2.0 alone, and closes after any first message."""

    def __init__(self) -> None:
        self.is_over = False

    def answer(self, heard: bytes) -> bytes:
        """SERVER-HELLO, or nothing."""
        self.is_over = True
        return server_hello(tuple(KINDS)) if is_sslv2_hello(heard) else b""


class TlsPeer:
    """A real TLS server (Python's ssl) that sends nothing after the handshake."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.is_over = False

    def answer(self, heard: bytes) -> bytes:
        """The next flight, or an alert and the end."""
        self._incoming.write(heard)
        try:
            self._tls.do_handshake()
            self.is_over = not self._tls.read(65536)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError:
            self.is_over = True
        return self._outgoing.read()


class _Wire(asyncio.Transport):
    """The client's transport; ``received`` gets its bytes, and empty bytes at its end."""

    def __init__(self, client: Connection) -> None:
        super().__init__()
        self._client = client
        self._is_closing = False
        self.received: asyncio.Queue[bytes] = asyncio.Queue()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.received.put_nowait(bytes(data))

    def abort(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            self.received.put_nowait(b"")
            asyncio.get_running_loop().call_soon(self._client.connection_lost, None)

    def is_closing(self) -> bool:
        return self._is_closing

    def send(self, data: bytes) -> None:
        """Bytes from the server."""
        if data and not self._is_closing:
            self._client.data_received(data)


class OneAtATime:
    """Accepts every connection at once, as a kernel does, and serves them in their order."""

    def __init__(self, peer: Callable[[], Peer], hold_seconds: float) -> None:
        self._peer = peer
        self._hold_seconds = hold_seconds
        self._backlog: asyncio.Queue[_Wire] = asyncio.Queue()
        self.served = 0

    def accept(self, client: Connection) -> None:
        """Puts a new connection into the backlog."""
        wire = _Wire(client)
        client.connection_made(wire)
        self._backlog.put_nowait(wire)

    async def run(self) -> None:
        """Serves for ever."""
        while True:
            wire = await self._backlog.get()
            peer = self._peer()
            while not peer.is_over and (heard := await wire.received.get()):
                wire.send(peer.answer(heard))
            wire.abort()
            self.served += 1
            await asyncio.sleep(self._hold_seconds)


@contextmanager
def every_dial_reaches(server: OneAtATime) -> Iterator[None]:
    """All connections go to that server while the context lasts."""

    async def connect(_: DialAddress, client: Connection) -> None:
        server.accept(client)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DialAddress, "connect", connect)
        running = asyncio.get_running_loop().create_task(server.run())
        try:
            yield
        finally:
            running.cancel()
