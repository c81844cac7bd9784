"""Connects a protocol of HTTP with a transport that carries TLS."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, cast

from service.http.tls.stream import TlsError, TlsStream

_Bytes = bytes | bytearray | memoryview


class TlsProtocol(asyncio.Protocol):
    """Decrypts what the client sends for ``inner``, whose transport encrypts.

    The handshake of ``stream`` is finished.
    """

    def __init__(self, stream: TlsStream, inner: asyncio.Protocol) -> None:
        self._stream = stream
        self._inner = inner
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the inner protocol."""
        self._transport = cast(asyncio.Transport, transport)
        self._inner.connection_made(TlsTransport(self._transport, self._stream))

    def data_received(self, data: bytes) -> None:
        """Pass on the plaintext; an invalid record ends the connection."""
        assert self._transport is not None  # noqa: S101 (asyncio connects first)
        try:
            plaintext = self._stream.receive(data)
        except TlsError:
            self._transport.abort()
            return
        if answer := self._stream.outgoing():
            self._transport.write(answer)
        if plaintext:
            self._inner.data_received(plaintext)
        if self._stream.is_ended and not self._transport.is_closing():
            self._inner.eof_received()
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Pass on the end."""
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        """The buffer of encrypted bytes is full."""
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        """The client has read from the buffer."""
        self._inner.resume_writing()


class TlsTransport(asyncio.Transport):
    """Encrypts what is written, and writes it to ``carrier``."""

    def __init__(self, carrier: asyncio.Transport, stream: TlsStream) -> None:
        super().__init__()
        self._carrier = carrier
        self._stream = stream

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """What asyncio knows of the connection; ``sslcontext`` is set, as for its own TLS."""
        return self._stream if name == "sslcontext" else self._carrier.get_extra_info(name, default)

    def write(self, data: _Bytes) -> None:
        """Encrypt and write ``data``."""
        if data and not self.is_closing():
            self._stream.send(bytes(data))
            self._carrier.write(self._stream.outgoing())

    def writelines(self, list_of_data: Iterable[_Bytes]) -> None:
        """Encrypt and write all pieces."""
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        """Announce the end, and close after the buffer is written."""
        if not self.is_closing():
            self._stream.close()
            self._carrier.write(self._stream.outgoing())
            self._carrier.close()

    def abort(self) -> None:
        """Close at once."""
        self._carrier.abort()

    def is_closing(self) -> bool:
        """Whether it is closed, or will be."""
        return self._carrier.is_closing()

    def can_write_eof(self) -> bool:
        """TLS connections end on both sides at once."""
        return False

    def pause_reading(self) -> None:
        """Read no more for now."""
        self._carrier.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        self._carrier.resume_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Limit the buffer of encrypted bytes."""
        self._carrier.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        """The encrypted bytes that are not sent yet."""
        return self._carrier.get_write_buffer_size()
