"""Puts the CRYPTO frames of one encryption level in order (RFC 9000, sections 7.5 and 19.6)."""

from __future__ import annotations

from bisect import insort

from pki.byte_reader import DecodeError
from probe.tls.limits import MAX_ANSWER_LENGTH, MAX_CRYPTO_FRAMES, MAX_GAPS


class CryptoStream:
    """Takes frames in any order; ``take`` returns the bytes that follow those already taken.

    Frames may repeat and overlap. The first copy of a byte counts.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[int, bytes]] = []
        self._taken = 0
        self._count = 0

    def take(self, offset: int, content: bytes) -> bytes:
        """The bytes that are now in order, possibly none.

        Raises:
            DecodeError: at more than MAX_CRYPTO_FRAMES frames or MAX_GAPS that wait, or beyond MAX_ANSWER_LENGTH.
        """
        self._count += 1
        end = offset + len(content)
        if self._count > MAX_CRYPTO_FRAMES or end > MAX_ANSWER_LENGTH:
            raise DecodeError("row of CRYPTO frames", offset)
        if end <= self._taken or not content:
            return b""
        if offset > self._taken:
            if len(self._waiting) == MAX_GAPS:
                raise DecodeError("CRYPTO frames with gaps", offset)
            insort(self._waiting, (offset, content))
            return b""
        in_order = [self._next(offset, content)]
        while self._waiting and self._waiting[0][0] <= self._taken:
            in_order.append(self._next(*self._waiting.pop(0)))
        return b"".join(in_order)

    def _next(self, offset: int, content: bytes) -> bytes:
        fresh = content[self._taken - offset :]
        self._taken += len(fresh)
        return fresh
