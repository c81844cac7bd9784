"""The request after a finished handshake, and the beginning of the server's data, as far as it is needed."""

from __future__ import annotations

from typing import Final

from probe.dialogue.handshake import ASKING, PostHandshakeAction
from probe.web.heads import END_OF_HEAD, LONGEST_HEAD

_STATUS_LENGTH: Final = len(b"HTTP/1.1 400 ")


class AwaitedReply:
    """Collects the reply, at most 16 KiB of it, in whatever pieces it arrives."""

    def __init__(self, post_handshake: PostHandshakeAction) -> None:
        self._post_handshake = post_handshake
        self._received = bytearray()
        self._has_head = False

    def add(self, received: bytes) -> None:
        """Takes the next bytes."""
        before = max(0, len(self._received) - 2)
        self._received += received[: LONGEST_HEAD - len(self._received)]
        self._has_head = self._has_head or END_OF_HEAD.search(self._received, before) is not None

    @property
    def wants_more(self) -> bool:
        """Whether more must be read before the answer is known."""
        match self._post_handshake:
            case PostHandshakeAction.HTTP:
                return len(self._received) < _STATUS_LENGTH
            case PostHandshakeAction.WORDS:
                return len(self._received) < LONGEST_HEAD
            case PostHandshakeAction.HTTP_HEAD:
                return not self._has_head and len(self._received) < LONGEST_HEAD
            case _:
                return False

    @property
    def content(self) -> bytes:
        """The data that came, if the action needs an answer; else empty."""
        return bytes(self._received) if self._post_handshake in ASKING else b""
