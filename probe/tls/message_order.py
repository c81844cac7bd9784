"""Checks the order of the messages in every handshake that is read.

Each message may come at most once, and in the order of the RFCs. A server that repeats a message, or sends
one out of place, makes a reader repeat work or replace data that is already judged. So a flight ends at the
first such message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from pki.byte_reader import DecodeError
from probe.tls.limits import MAX_HELLO_REQUESTS
from probe.tls.record import HandshakeType

ORDER: Final = "handshake order"
"""The beginning of a DecodeError's text if a message is out of place."""

UP_TO_TLS12: Final[Mapping[int, int]] = {
    kind: place
    for place, kind in enumerate(
        (
            HandshakeType.SERVER_HELLO,
            HandshakeType.SUPPLEMENTAL_DATA,
            HandshakeType.CERTIFICATE,
            HandshakeType.CERTIFICATE_STATUS,
            HandshakeType.SERVER_KEY_EXCHANGE,
            HandshakeType.CERTIFICATE_REQUEST,
            HandshakeType.SERVER_HELLO_DONE,
            HandshakeType.NEW_SESSION_TICKET,
        )
    )
}
"""The server's messages in plaintext (RFC 5246, section 7.3; RFC 4680, section 3; RFC 6066, section 8).

A ticket comes before ChangeCipherSpec (RFC 5077, section 3.3), in a resumed session right after the hello.
"""

TLS13_ENCRYPTED: Final[Mapping[int, int]] = {
    HandshakeType.ENCRYPTED_EXTENSIONS: 0,
    HandshakeType.CERTIFICATE_REQUEST: 1,
    HandshakeType.CERTIFICATE: 2,
    HandshakeType.COMPRESSED_CERTIFICATE: 2,
    HandshakeType.CERTIFICATE_VERIFY: 3,
    HandshakeType.FINISHED: 4,
}
"""The server's encrypted flight (RFC 9846, section 4); the message of RFC 8879 takes the place of Certificate."""


class MessageOrder:
    """Follows one handshake; ``places`` maps each allowed message to its place."""

    __slots__ = ("_hello_requests", "_last", "_places")

    def __init__(self, places: Mapping[int, int]) -> None:
        self._places = places
        self._last: int | None = None
        self._hello_requests = 0

    def check(self, message_type: int) -> None:
        """Takes the type of the next message. HelloRequests may come at any time (RFC 5246, 7.4.1.1).

        Raises:
            DecodeError: if the message came already, comes too late, or does not belong here.
        """
        if message_type == HandshakeType.HELLO_REQUEST:
            self._hello_requests += 1
            if self._hello_requests > MAX_HELLO_REQUESTS:
                raise DecodeError(f"{ORDER}: too many hello_request", 0)
            return
        place = self._places.get(message_type)
        if place is None:
            raise DecodeError(f"{ORDER}: unexpected {_name(message_type)}", 0)
        if self._last is not None and place <= self._last:
            how = "second" if place == self._last else "late"
            raise DecodeError(f"{ORDER}: {how} {_name(message_type)}", 0)
        self._last = place


def _name(message_type: int) -> str:
    try:
        return HandshakeType(message_type).name.lower()
    except ValueError:
        return f"message of type {message_type}"
