"""The record layer (RFC 9846, section 5.1): bytes in any fragmentation to records and messages.

``struct { ContentType type; uint16 version; uint16 length; opaque fragment[length]; }``

``struct { HandshakeType msg_type; uint24 length; opaque body[length]; }``
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final

from model.frozen import frozen
from pki.byte_reader import DecodeError, vector
from probe.tls.limits import MAX_IDLE_RECORDS, MAX_MESSAGE_LENGTH, MAX_RECORDS

RECORD_HEADER_LENGTH = 5
MAX_FRAGMENT_LENGTH = 2**14 + 2048
"""The longest ciphertext fragment that any version allows (RFC 5246, section 6.2.3)."""


class RecordHeaderError(DecodeError):
    """The bytes at ``offset`` are not the header of a record."""

    def __init__(self, offset: int) -> None:
        super().__init__("record header", offset)


class MessageLengthError(DecodeError):
    """A handshake message claims to be longer than the limit for reading."""

    def __init__(self, offset: int) -> None:
        super().__init__("handshake message length", offset)


class ContentType(IntEnum):
    """The content type of a record."""

    CHANGE_CIPHER_SPEC = 20
    ALERT = 21
    HANDSHAKE = 22
    APPLICATION_DATA = 23
    HEARTBEAT = 24


_CONTENT_TYPES: Final = frozenset(ContentType)


class HandshakeType(IntEnum):
    """The type of a handshake message (RFC 9846, section 4; RFC 5246, section 7.4)."""

    HELLO_REQUEST = 0
    CLIENT_HELLO = 1
    SERVER_HELLO = 2
    NEW_SESSION_TICKET = 4
    DRAFT_HELLO_RETRY_REQUEST = 6
    ENCRYPTED_EXTENSIONS = 8
    CERTIFICATE = 11
    SERVER_KEY_EXCHANGE = 12
    CERTIFICATE_REQUEST = 13
    SERVER_HELLO_DONE = 14
    CERTIFICATE_VERIFY = 15
    CLIENT_KEY_EXCHANGE = 16
    FINISHED = 20
    CERTIFICATE_STATUS = 22
    SUPPLEMENTAL_DATA = 23
    COMPRESSED_CERTIFICATE = 25


@frozen
class Record:
    """One record; ``end`` is the offset after it in the whole stream."""

    content_type: ContentType
    version: int
    fragment: bytes
    end: int


def encode_record(content_type: ContentType, version: int, fragment: bytes) -> bytes:
    """One record as bytes."""
    return bytes((content_type,)) + version.to_bytes(2, "big") + vector(fragment, 2)


def encode_handshake(message_type: HandshakeType, body: bytes) -> bytes:
    """One handshake message as bytes, without a record around it."""
    return bytes((message_type,)) + vector(body, 3)


class RecordReader:
    """Collects bytes as they arrive and returns complete records, at most MAX_RECORDS of them.

    At most MAX_IDLE_RECORDS of them may be records without content or ChangeCipherSpecs.
    """

    __slots__ = ("_buffer", "_consumed", "_count", "_idle_count")

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._consumed = 0
        self._count = 0
        self._idle_count = 0

    def feed(self, received: bytes) -> None:
        """Takes the next bytes of the stream, in pieces of any size."""
        self._buffer += received

    @property
    def has_partial_record(self) -> bool:
        """Whether there are bytes of an incomplete record."""
        return bool(self._buffer)

    def next_record(self) -> Record | None:
        """The next complete record, or None until more bytes come.

        Raises:
            RecordHeaderError: if the bytes are not a record header of SSL 3.0 to TLS 1.3.
            DecodeError: if there are more records than any honest connection has.
        """
        header = self._buffer[:RECORD_HEADER_LENGTH]
        if not header:
            return None
        if header[0] not in _CONTENT_TYPES or (len(header) > 1 and header[1] != 3):
            raise RecordHeaderError(self._consumed)
        if len(header) < RECORD_HEADER_LENGTH:
            return None
        length = int.from_bytes(header[3:5], "big")
        if length > MAX_FRAGMENT_LENGTH:
            raise DecodeError("record length", self._consumed + 3)
        end = RECORD_HEADER_LENGTH + length
        if len(self._buffer) < end:
            return None
        fragment = bytes(self._buffer[RECORD_HEADER_LENGTH:end])
        del self._buffer[:end]
        self._consumed += end
        self._count_record(ContentType(header[0]), length)
        return Record(
            content_type=ContentType(header[0]),
            version=int.from_bytes(header[1:3], "big"),
            fragment=fragment,
            end=self._consumed,
        )

    def _count_record(self, content_type: ContentType, length: int) -> None:
        self._count += 1
        if self._count > MAX_RECORDS:
            raise DecodeError("stream of too many records", self._consumed)
        if length == 0 or content_type is ContentType.CHANGE_CIPHER_SPEC:
            self._idle_count += 1
            if self._idle_count > MAX_IDLE_RECORDS:
                raise DecodeError("stream of records without content", self._consumed)


class MessageReader:
    """Joins handshake fragments and returns complete handshake messages."""

    __slots__ = ("_buffer", "_longest")

    def __init__(self, longest: int = MAX_MESSAGE_LENGTH) -> None:
        self._buffer = bytearray()
        self._longest = longest

    def feed(self, fragment: bytes) -> None:
        """Takes the next handshake record's fragment."""
        self._buffer += fragment

    def next_message(self) -> tuple[int, bytes] | None:
        """The next message's type and body, or None until more fragments come.

        Raises:
            MessageLengthError: if a message claims to be longer than any honest one.
        """
        if len(self._buffer) < 4:
            return None
        length = int.from_bytes(self._buffer[1:4], "big")
        if length > self._longest:
            raise MessageLengthError(1)
        if len(self._buffer) < 4 + length:
            return None
        message_type, body = self._buffer[0], bytes(self._buffer[4 : 4 + length])
        del self._buffer[: 4 + length]
        return message_type, body
