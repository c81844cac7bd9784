"""An accepted connection until the head of its request is complete, and the responses that need no more."""

from __future__ import annotations

import socket
from contextlib import suppress
from http import HTTPStatus
from typing import Final

LARGEST_HEAD: Final = 16_384
_HEALTHY: Final = b"GET /-/healthy HTTP/1."
_ENDS: Final = (b"\r\n\r\n", b"\n\n")
_OVERLAP: Final = 3
"""The end of a head may be split between two reads."""


class PendingConnection:
    """A connection of ``caller`` that was accepted at ``since``, on the event loop's clock."""

    def __init__(self, connection: socket.socket, caller: str, since: float) -> None:
        self.socket = connection
        self.caller = caller
        self.since = since
        self.head = bytearray()

    def read(self) -> bool:
        """Read what the client has sent; returns whether the head is complete or too large.

        Raises:
            OSError: if the client has disconnected.
        """
        try:
            data = self.socket.recv(LARGEST_HEAD)
        except (BlockingIOError, InterruptedError):
            return False
        if not data:
            raise ConnectionResetError
        start = max(0, len(self.head) - _OVERLAP)
        self.head += data
        return self.is_too_large or any(end in self.head[start:] for end in _ENDS)

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
            self.socket.send("\r\n".join((*lines, "", body)).encode())
        self.socket.close()
