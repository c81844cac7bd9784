"""A small TLS server: an asyncio Protocol around an OpenSSL connection over memory buffers.

It answers one HTTP request with one page and closes. It sends all of OpenSSL's output before it closes,
alerts above all: a prober reads them as evidence. It never trusts its peer: the bytes that a peer may
send, the duration of a connection and the number of connections are all bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum, auto
from typing import Final, cast

from OpenSSL import SSL

from model.frozen import frozen

_MAX_REQUEST_BYTES: Final = 8 * 1024
_READ_BYTES: Final = 16 * 1024


@frozen
class ServerLimits:
    """The limits for one peer; the connection ends when it exceeds any of them."""

    # OpenSSL accepts handshake messages of up to 128 KiB; a client's certificate is one.
    received_bytes: int = 256 * 1024
    connection_seconds: float = 15.0
    # How long a peer may continue to send after we closed. If we closed at once, the kernel would answer the
    # last bytes with a reset, and a reset discards an alert that the peer has not read yet.
    linger_seconds: float = 2.0
    connections: int = 256


class TlsServer:
    """A listener on one address and port, with its open connections."""

    def __init__(
        self, context: SSL.Context, page: bytes, limits: ServerLimits | None = None
    ) -> None:
        self._context = context
        self._page = page
        self._limits = limits or ServerLimits()
        self._connections: set[_TlsConnection] = set()
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._listener: asyncio.Server | None = None

    async def start(self, host: str, port: int) -> int:
        """Listen at ``host`` and ``port`` (0 takes a free one); returns the port.

        Raises OSError if the port is taken.
        """
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(self._accept, host, port, backlog=512)
        bound: int = self._listener.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Stop listening and drop every connection; returns when all are closed."""
        if self._listener is None:
            return
        self._listener.close()
        for connection in tuple(self._connections):
            connection.drop()
        await self._is_idle.wait()
        await self._listener.wait_closed()
        self._listener = None

    @property
    def connections_open(self) -> int:
        """The number of open connections."""
        return len(self._connections)

    def _accept(self) -> asyncio.Protocol:
        return _TlsConnection(
            tls=SSL.Connection(self._context, None),
            page=self._page,
            limits=self._limits,
            on_made=self._admit,
            on_lost=self._forget,
        )

    def _admit(self, connection: _TlsConnection) -> bool:
        if len(self._connections) >= self._limits.connections:
            return False
        self._connections.add(connection)
        self._is_idle.clear()
        return True

    def _forget(self, connection: _TlsConnection) -> None:
        self._connections.discard(connection)
        if not self._connections:
            self._is_idle.set()


class _Phase(Enum):
    HANDSHAKE = auto()
    REQUEST = auto()
    LINGER = auto()


class _TlsConnection(asyncio.Protocol):
    """One peer: handshake, one request, one response; later bytes are read and dropped."""

    def __init__(
        self,
        *,
        tls: SSL.Connection,
        page: bytes,
        limits: ServerLimits,
        on_made: Callable[[_TlsConnection], bool],
        on_lost: Callable[[_TlsConnection], None],
    ) -> None:
        self._tls = tls
        self._page = page
        self._limits = limits
        self._on_made = on_made
        self._on_lost = on_lost
        self._phase = _Phase.HANDSHAKE
        self._request = bytearray()
        self._received_bytes = 0
        self._transport: asyncio.Transport
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if not self._on_made(self):
            self.drop()
            return
        self._tls.set_accept_state()
        self._end_after(self._limits.connection_seconds)

    def data_received(self, data: bytes) -> None:
        self._received_bytes += len(data)
        if self._received_bytes > self._limits.received_bytes:
            self.drop()
        elif self._phase is not _Phase.LINGER:
            self._tls.bio_write(data)
            self._advance()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._on_lost(self)

    def drop(self) -> None:
        """Close the connection at once, without sending the remaining bytes."""
        self._transport.abort()

    def _advance(self) -> None:
        try:
            if self._phase is _Phase.HANDSHAKE:
                self._tls.do_handshake()
                self._phase = _Phase.REQUEST
            self._read_request()
        except SSL.WantReadError:
            self._flush()
        except SSL.Error:
            # OpenSSL has written its alert, if any: a refusal is an answer.
            self._finish()

    def _read_request(self) -> None:
        while b"\r\n\r\n" not in self._request and len(self._request) < _MAX_REQUEST_BYTES:
            self._request += self._tls.recv(_READ_BYTES)
        self._tls.sendall(self._page)
        self._tls.shutdown()
        self._finish()

    def _finish(self) -> None:
        self._flush()
        self._phase = _Phase.LINGER
        self._request.clear()
        if self._transport.is_closing():
            return
        self._transport.write_eof()
        self._end_after(self._limits.linger_seconds)

    def _flush(self) -> None:
        while True:
            try:
                self._transport.write(self._tls.bio_read(_READ_BYTES))
            except SSL.WantReadError:
                return

    def _end_after(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._transport.abort)
