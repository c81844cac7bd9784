"""The head of one HTTP/1.1 reply by h11 (RFC 9112): at most 16 KiB of it, including 1xx replies before it."""

from __future__ import annotations

from typing import Final

import h11

LONGEST_HEAD: Final = 2**14


class HeadReader:
    """The client's side of one exchange, up to the head of the reply.

    ``surplus`` is what came after the head, once the head is complete.
    """

    def __init__(self) -> None:
        self._http = h11.Connection(our_role=h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)
        self._received = 0
        self.surplus = b""

    def request(self, request: h11.Request) -> bytes:
        """The bytes of a request without a body."""
        return (self._http.send(request) or b"") + (self._http.send(h11.EndOfMessage()) or b"")

    def feed(self, received: bytes) -> h11.Response | None:
        """The reply once its head is complete.

        Raises:
            h11.RemoteProtocolError: if this is not HTTP, or the head is too long.
        """
        taken = received[: LONGEST_HEAD - self._received]
        self._received += len(taken)
        self._http.receive_data(taken)
        event = self._http.next_event()
        while isinstance(event, h11.InformationalResponse):
            event = self._http.next_event()
        if isinstance(event, h11.Response):
            self.surplus = bytes(self._http.trailing_data[0]) + received[len(taken) :]
            return event
        if self._received == LONGEST_HEAD:
            raise h11.RemoteProtocolError(f"no end of the head within {LONGEST_HEAD} bytes")
        return None
