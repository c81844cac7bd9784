"""An accepted connection until the head of its request is complete, and the responses that need no more."""

from __future__ import annotations

import socket
from contextlib import suppress
from http import HTTPStatus
from typing import Final

from service.http.tls.stream import TlsStream

LARGEST_HEAD: Final = 16_384
_HEALTHY: Final = b"GET /-/healthy HTTP/1."
_ENDS: Final = (b"\r\n\r\n", b"\n\n")
_OVERLAP: Final = 3
"""The end of a head may be split between two reads."""


class PendingConnection:
    """A connection of ``caller`` that was accepted at ``since``, on the event loop's clock; over TLS with ``tls``."""

    def __init__(
        self, connection: socket.socket, caller: str, since: float, tls: TlsStream | None = None
    ) -> None:
        self.socket = connection
        self.caller = caller
        self.since = since
        self.tls = tls
        self.head = bytearray()
        self._unsent = b""

    @property
    def has_unsent(self) -> bool:
        """Whether a part of the handshake waits until the client reads."""
        return bool(self._unsent)

    def read(self) -> bool:
        """Read what the client has sent; returns whether the head is complete or too large.

        Raises:
            OSError: if the client has disconnected, or its TLS is invalid.
        """
        try:
            data = self.socket.recv(LARGEST_HEAD)
        except (BlockingIOError, InterruptedError):
            return False
        if not data:
            raise ConnectionResetError
        if self.tls is not None:
            data = self._decrypted(self.tls, data)
        start = max(0, len(self.head) - _OVERLAP)
        self.head += data
        return self.is_too_large or any(end in self.head[start:] for end in _ENDS)

    def _decrypted(self, tls: TlsStream, data: bytes) -> bytes:
        try:
            plaintext = tls.receive(data)
        finally:
            self._unsent += tls.outgoing()
            self.send_rest()
        if tls.is_ended and not plaintext:
            raise ConnectionResetError
        return plaintext

    def send_rest(self) -> None:
        """Send what remains of the handshake, as far as the client accepts it; raises OSError."""
        with suppress(BlockingIOError, InterruptedError):
            while self._unsent:
                self._unsent = self._unsent[self.socket.send(self._unsent) :]

    @property
    def is_too_large(self) -> bool:
        """Whether the client sends more than the largest allowed head."""
        return len(self.head) > LARGEST_HEAD and not any(
            end in self.head[: LARGEST_HEAD + 1] for end in _ENDS
        )

    @property
    def asks_for_health(self) -> bool:
        """Whether the request is answered at once, without a place in the queue."""
        return self.head.startswith(_HEALTHY)

    def answer(self, status: HTTPStatus, sentence: str) -> None:
        """Send a short response, as far as the client accepts it, and close."""
        body = f"{sentence}\n"
        lines = (
            f"HTTP/1.1 {status.value} {status.phrase}",
            "content-type: text/plain; charset=utf-8",
            f"content-length: {len(body)}",
            "content-security-policy: default-src 'none'; frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "connection: close",
        )
        with suppress(OSError):
            self.socket.send(self._encrypted("\r\n".join((*lines, "", body)).encode()))
        self.socket.close()

    def _encrypted(self, answer: bytes) -> bytes:
        """The bytes that carry ``answer``; none before the TLS handshake is finished."""
        if self.tls is None:
            return answer
        if not self.tls.is_established:
            return b""
        self.tls.send(answer)
        self.tls.close()
        return self._unsent + self.tls.outgoing()
