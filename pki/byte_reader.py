"""Decodes the numbers and vectors of the TLS presentation language (RFC 9846, section 3).

All malformed input raises the same typed error, ``DecodeError``, with the structure and the offset; the codec
raises no other exception.
"""

from __future__ import annotations

import struct


class DecodeError(Exception):
    """The peer's bytes do not have the format that the RFC requires."""

    def __init__(self, what: str, offset: int) -> None:
        super().__init__(f"malformed {what} at byte {offset}")
        self.what = what
        self.offset = offset


class ByteReader:
    """A cursor over one structure; ``what`` names the structure in errors."""

    __slots__ = ("_at", "_content", "what")

    def __init__(self, content: bytes, what: str) -> None:
        self._content = content
        self._at = 0
        self.what = what

    @property
    def remaining(self) -> int:
        """The number of unread bytes."""
        return len(self._content) - self._at

    def take(self, length: int) -> bytes:
        """The next ``length`` bytes. Raises DecodeError if there are fewer."""
        end = self._at + length
        if end > len(self._content):
            raise self.error()
        taken = self._content[self._at : end]
        self._at = end
        return taken

    def rest(self) -> bytes:
        """All unread bytes."""
        return self.take(self.remaining)

    def uint(self, width: int) -> int:
        """The next ``width`` bytes as a big-endian number."""
        return int.from_bytes(self.take(width), "big")

    def vector(self, width: int) -> bytes:
        """A vector with a length prefix of ``width`` bytes."""
        return self.take(self.uint(width))

    def filled_vector(self, width: int) -> bytes:
        """A vector that must not be empty. Raises DecodeError if it is."""
        content = self.vector(width)
        if not content:
            raise self.error()
        return content

    def uint16_list(self, width: int) -> tuple[int, ...]:
        """A vector of two-byte code points with a length prefix of ``width`` bytes."""
        content = self.vector(width)
        if len(content) % 2:
            raise self.error()
        return struct.unpack(f">{len(content) // 2}H", content)

    def vectors(self, width: int, most: int) -> tuple[bytes, ...]:
        """All remaining vectors, each with a length prefix of ``width`` bytes.

        Raises:
            DecodeError: if one runs past the end, or there are more than ``most``.
        """
        found: list[bytes] = []
        while self.remaining:
            if len(found) == most:
                raise DecodeError(f"{self.what}, more than {most} entries,", self._at)
            found.append(self.vector(width))
        return tuple(found)

    def finish(self) -> None:
        """Raises DecodeError if bytes are left over."""
        if self.remaining:
            raise self.error()

    def error(self) -> DecodeError:
        """The error for the structure at the current offset."""
        return DecodeError(self.what, self._at)


def vector(content: bytes, width: int) -> bytes:
    """``content`` with a length prefix of ``width`` bytes.

    Raises:
        OverflowError: if the content is too long for that width.
    """
    return len(content).to_bytes(width, "big") + content


def uint16_list(code_points: tuple[int, ...], width: int = 2) -> bytes:
    """A vector of two-byte code points with a length prefix of ``width`` bytes."""
    return vector(struct.pack(f">{len(code_points)}H", *code_points), width)
