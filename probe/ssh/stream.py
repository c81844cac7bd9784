"""Splits a server's bytes into its identification and its unencrypted packets (RFC 4253, sections 4.2 and 6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from model.frozen import frozen
from pki.byte_reader import DecodeError
from probe.ssh.limits import (
    MAX_IDENTIFICATION_LENGTH,
    MAX_PACKET_LENGTH,
    MAX_PACKETS,
    MAX_PREFACE_LENGTH,
    MAX_PREFACE_LINES,
)

_PREFIX: Final = b"SSH-"
_VERSIONS_WITH_2: Final = frozenset({"2.0", "1.99"})
_LENGTH_FIELD: Final = 4
_BLOCK: Final = 8
"""The block length of unencrypted packets."""
_SHORTEST_PADDING: Final = 4


@frozen
class Identification:
    """The server's identification string; ``line`` is without its line end, as the exchange hash needs it.

    ``software`` is its software version and comment.
    """

    line: bytes
    protocol: str
    software: str

    @property
    def speaks_version_2(self) -> bool:
        """Whether the server speaks version 2 of the protocol; 1.99 is that and version 1 (RFC 4253, section 5.1)."""
        return self.protocol in _VERSIONS_WITH_2


class SshStream:
    """Reads the bytes of one server, in pieces of any size."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._searched = 0
        self._preface_length = 0
        self._lines = 0
        self._packets = 0
        self.identification: Identification | None = None

    def feed(self, received: bytes) -> Iterator[bytes]:
        """The payloads of the packets that are complete now; none of a server that speaks only version 1.

        Raises:
            DecodeError: if a line or a packet is malformed, or a limit is reached.
        """
        self._pending += received
        if self.identification is None:
            self._read_lines()
        if not self._speaks_version_2:
            return
        while (payload := self._next_payload()) is not None:
            yield payload

    @property
    def _speaks_version_2(self) -> bool:
        return self.identification is not None and self.identification.speaks_version_2

    def _read_lines(self) -> None:
        """Reads up to the identification."""
        while (end := self._pending.find(b"\n", self._searched)) >= 0:
            line = bytes(self._pending[:end]).removesuffix(b"\r")
            del self._pending[: end + 1]
            self._searched = 0
            if line.startswith(_PREFIX):
                self.identification = _identification(line)
                return
            self._lines += 1
            self._preface_length += end + 1
            if self._lines > MAX_PREFACE_LINES or self._preface_length > MAX_PREFACE_LENGTH:
                raise DecodeError("text before the identification", self._preface_length)
        self._searched = len(self._pending)
        longest = (
            MAX_IDENTIFICATION_LENGTH if self._pending.startswith(_PREFIX) else MAX_PREFACE_LENGTH
        )
        if self._searched > longest:
            raise DecodeError("identification", longest)

    def _next_payload(self) -> bytes | None:
        if len(self._pending) < _LENGTH_FIELD:
            return None
        length = int.from_bytes(self._pending[:_LENGTH_FIELD], "big")
        end = _LENGTH_FIELD + length
        if not _BLOCK <= end <= MAX_PACKET_LENGTH or end % _BLOCK:
            raise DecodeError("packet length", 0)
        if len(self._pending) < end:
            return None
        packet = bytes(self._pending[_LENGTH_FIELD:end])
        del self._pending[:end]
        self._packets += 1
        if self._packets > MAX_PACKETS:
            raise DecodeError("key exchange, too many packets,", 0)
        padding = packet[0]
        if not _SHORTEST_PADDING <= padding < length - 1:
            raise DecodeError("packet padding", _LENGTH_FIELD)
        return packet[1 : length - padding]


def packet_of(payload: bytes) -> bytes:
    """The unencrypted packet with that payload; its padding is zero, so that a replay sends the same bytes."""
    padding = _BLOCK - (_LENGTH_FIELD + 1 + len(payload)) % _BLOCK
    if padding < _SHORTEST_PADDING:
        padding += _BLOCK
    length = 1 + len(payload) + padding
    return length.to_bytes(_LENGTH_FIELD, "big") + bytes((padding,)) + payload + bytes(padding)


def _identification(line: bytes) -> Identification:
    text = line.decode("utf-8", "replace")
    protocol, _, software = text.removeprefix("SSH-").partition("-")
    if len(line) > MAX_IDENTIFICATION_LENGTH - 1 or not protocol or not software or b"\0" in line:
        raise DecodeError("identification", 0)
    return Identification(line=line, protocol=protocol, software=software)
