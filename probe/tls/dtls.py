"""DTLS 1.0 and 1.2 on top of the TLS codec (RFC 4347, RFC 6347): how datagrams differ.

Handshake messages are those of TLS, except for a cookie in the ClientHello and other version numbers. The
transport differs: records carry an epoch and a sequence number, messages a number and the offset of their
fragment. So the TLS codec builds our hellos and this module rewrites them; it puts the server's messages in
order and rewrites them the other way. Only the plaintext epoch 0 is read.

``struct { ContentType type; ProtocolVersion version; uint16 epoch; uint48 sequence_number; uint16 length;
opaque fragment[length]; } DTLSPlaintext;``

``struct { HandshakeType msg_type; uint24 length; uint16 message_seq; uint24 fragment_offset; uint24
fragment_length; opaque body[fragment_length]; } Handshake;``
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from pki.byte_reader import ByteReader, DecodeError, vector
from probe.tls.hello import ClientHello
from probe.tls.limits import (
    MAX_FLIGHT_MESSAGES,
    MAX_FRAGMENTS,
    MAX_GAPS,
    MAX_MESSAGE_LENGTH,
    MAX_RECORDS,
)
from probe.tls.record import (
    ContentType,
    HandshakeType,
    RecordHeaderError,
    encode_handshake,
    encode_record,
)

HELLO_VERIFY_REQUEST: Final = 3
"""The message with the cookie (RFC 6347, section 4.2.1); TLS has no such type."""

_TO_TLS: Final[dict[int, ProtocolVersion]] = {
    version.over_datagrams: version
    for version in ProtocolVersion
    if version.over_datagrams is not None
}
"""The TLS version that each is based on (RFC 4347, section 1; RFC 6347, section 1)."""

_HANDSHAKE_HEADER_LENGTH: Final = 12
_FIRST_MESSAGES: Final = frozenset({HandshakeType.SERVER_HELLO, HELLO_VERIFY_REQUEST})


@frozen
class Datagram:
    """One record of epoch 0."""

    content_type: int
    fragment: bytes


def client_hello(record: bytes, cookie: bytes = b"", *, sequence: int = 0) -> bytes:
    """The datagram for the ClientHello in a TLS ``record``.

    ``sequence`` counts our datagrams of one question; it numbers both the record and the message.

    Raises:
        DecodeError: if ``record`` has no ClientHello.
        ValueError: if its version has no counterpart in DTLS.
    """
    reader = ByteReader(record, "record")
    reader.take(5)
    reader.uint(1)
    hello = ClientHello.decode(reader.vector(3))
    version = ProtocolVersion(hello.legacy_version).over_datagrams
    if version is None:
        raise ValueError(f"no DTLS version is equivalent to {hello.legacy_version:#06x}")
    encoded = replace(hello, legacy_version=version).encode()
    # The cookie follows the session id: 2 bytes of version, 32 of random, the id's vector.
    behind_session_id = 2 + 32 + 1 + len(hello.session_id)
    body = encoded[:behind_session_id] + vector(cookie, 1) + encoded[behind_session_id:]
    message = (
        bytes((HandshakeType.CLIENT_HELLO,))
        + len(body).to_bytes(3, "big")
        + sequence.to_bytes(2, "big")
        + bytes(3)
        + vector(body, 3)
    )
    return encode_datagram(ContentType.HANDSHAKE, message, sequence)


def encode_datagram(content_type: ContentType, fragment: bytes, sequence: int) -> bytes:
    """One record of epoch 0, in DTLS 1.0's version, which every server accepts at the beginning."""
    header = bytes((content_type,)) + ProtocolVersion.DTLSV1_0.to_bytes(2, "big")
    return header + bytes(2) + sequence.to_bytes(6, "big") + vector(fragment, 2)


def datagrams_in(packet: bytes) -> Iterator[Datagram]:
    """The records of epoch 0 in one UDP packet.

    Raises:
        RecordHeaderError: if it does not consist of complete DTLS records.
    """
    reader = ByteReader(packet, "record header")
    while reader.remaining:
        epoch, datagram = _next_record(reader)
        if epoch == 0:
            yield datagram


def _next_record(reader: ByteReader) -> tuple[int, Datagram]:
    """The next record and its epoch; raises RecordHeaderError."""
    try:
        content_type, major = reader.uint(1), reader.uint(1)
        if content_type not in frozenset(ContentType) or major != ProtocolVersion.DTLSV1_0 >> 8:
            raise RecordHeaderError(0)
        reader.take(1)
        epoch = reader.uint(2)
        reader.take(6)
        return epoch, Datagram(content_type=content_type, fragment=reader.vector(2))
    except DecodeError as flaw:
        raise RecordHeaderError(flaw.offset) from flaw


@dataclass(slots=True)
class _Message:
    """A message with received fragments; ``missing`` are the byte ranges that have not arrived."""

    message_type: int
    body: bytearray
    missing: list[tuple[int, int]]

    def take(self, offset: int, fragment: bytes) -> None:
        """Stores a fragment. Raises DecodeError if it leaves too many gaps."""
        end = offset + len(fragment)
        self.body[offset:end] = fragment
        left: list[tuple[int, int]] = []
        for start, stop in self.missing:
            left += [(start, min(stop, offset))] if start < offset else []
            left += [(max(start, end), stop)] if stop > end else []
        self.missing = [span for span in left if span[0] < span[1]]
        if len(self.missing) > MAX_GAPS:
            raise DecodeError("message of too many gaps", offset)


class FlightReader:
    """Puts a server's handshake messages in order, and returns them as TLS records.

    ``server_hello`` is the ServerHello message as it was sent, once it is complete.
    """

    def __init__(self) -> None:
        self._messages: dict[int, _Message] = {}
        self._next: int | None = None
        self._record_count = 0
        self._fragment_count = 0
        self._claimed_length = 0
        self.server_hello: bytes | None = None
        self.cookie: bytes | None = None

    def feed(self, packet: bytes) -> bytes:
        """What ``packet`` completes, as TLS records; empty if it completes nothing.

        Raises:
            DecodeError: if it is not DTLS, or claims more than any honest flight has.
        """
        records: list[bytes] = []
        for datagram in datagrams_in(packet):
            self._record_count += 1
            if self._record_count > MAX_RECORDS:
                raise DecodeError("flight of too many records", 0)
            if datagram.content_type == ContentType.HANDSHAKE:
                self._collect(datagram.fragment)
                records += self._whole()
            else:
                content_type = ContentType(datagram.content_type)
                records.append(
                    encode_record(content_type, ProtocolVersion.TLSV1_2, datagram.fragment)
                )
        return b"".join(records)

    def _collect(self, fragment: bytes) -> None:
        reader = ByteReader(fragment, "handshake fragment")
        while reader.remaining:
            message_type, length, number = reader.uint(1), reader.uint(3), reader.uint(2)
            offset = reader.uint(3)
            part = reader.vector(3)
            self._fragment_count += 1
            if self._fragment_count > MAX_FRAGMENTS:
                raise DecodeError("flight of too many fragments", 0)
            if offset + len(part) > length:
                raise DecodeError("handshake message length", 1)
            message = self._messages.get(number) or self._new(number, message_type, length)
            if len(message.body) != length or message.message_type != message_type:
                raise DecodeError("handshake fragment", 0)
            message.take(offset, part)

    def _new(self, number: int, message_type: int, length: int) -> _Message:
        """Makes room for a message: the limit for one message is also the limit for a whole flight."""
        self._claimed_length += length
        if self._claimed_length > MAX_MESSAGE_LENGTH:
            raise DecodeError("handshake message length", 1)
        if len(self._messages) >= MAX_FLIGHT_MESSAGES:
            raise DecodeError("flight of too many messages", 4)
        message = _Message(message_type, bytearray(length), [(0, length)] if length else [])
        self._messages[number] = message
        return message

    def _whole(self) -> Iterator[bytes]:
        """The next messages in order. Their numbers continue after the HelloVerifyRequest, or restart."""
        if self._next is None:
            self._next = next(
                (
                    number
                    for number, message in self._messages.items()
                    if message.message_type in _FIRST_MESSAGES
                ),
                None,
            )
        while self._next is not None:
            message = self._messages.get(self._next)
            if message is None or message.missing:
                return
            number, self._next = self._next, self._next + 1
            yield from self._as_record(message, number)

    def _as_record(self, message: _Message, number: int) -> Iterator[bytes]:
        body = bytes(message.body)
        if message.message_type == HELLO_VERIFY_REQUEST:
            reader = ByteReader(body, "HelloVerifyRequest")
            reader.take(2)
            self.cookie = reader.vector(1)
            reader.finish()
            return
        if message.message_type == HandshakeType.SERVER_HELLO:
            self.server_hello = _as_sent(message, number)
            body = _with_tls_version(body)
        whole = bytes((message.message_type,)) + vector(body, 3)
        for start in range(0, len(whole), 2**14):
            yield encode_record(
                ContentType.HANDSHAKE, ProtocolVersion.TLSV1_2, whole[start : start + 2**14]
            )


def tls_message(sent: bytes) -> bytes:
    """The TLS message for a DTLS message in a single fragment.

    Raises:
        DecodeError: if ``sent`` is not such a message.
    """
    reader = ByteReader(sent, "handshake fragment")
    message_type = reader.uint(1)
    reader.take(_HANDSHAKE_HEADER_LENGTH - 4)
    body = reader.vector(3)
    reader.finish()
    return encode_handshake(HandshakeType(message_type), _with_tls_version(body))


def _as_sent(message: _Message, number: int) -> bytes:
    length = len(message.body).to_bytes(3, "big")
    header = bytes((message.message_type,)) + length + number.to_bytes(2, "big") + bytes(3)
    return header + length + bytes(message.body)


def _with_tls_version(body: bytes) -> bytes:
    """A hello with the TLS version number; an unknown version stays as it is."""
    version = _TO_TLS.get(int.from_bytes(body[:2], "big"))
    return body if version is None else version.to_bytes(2, "big") + body[2:]
