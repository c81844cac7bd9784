"""IKEv2 messages: header, payload chain, proposals and notifications (RFC 7296, section 3)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Final

from model.frozen import frozen
from model.registry.ike_transforms import Transform, TransformType
from pki.byte_reader import ByteReader, DecodeError

SPI_LENGTH: Final = 8
HEADER_LENGTH: Final = 28
MAX_MESSAGE_LENGTH: Final = 16_384
"""The longest answer that is read; honest ones to IKE_SA_INIT have about a hundred to two thousand bytes."""
MAX_PAYLOADS: Final = 64
MAX_TRANSFORMS: Final = 64
_GENERIC_HEADER: Final = 4
_TRANSFORM_HEADER: Final = 8
_MORE_PROPOSALS: Final = 2
_MORE_TRANSFORMS: Final = 3
_IKE: Final = 1
"""The protocol id of proposals for an IKE SA."""
_KEY_LENGTH: Final = 0x800E
"""The attribute Key Length in its short format."""
_INITIATOR: Final = 0x08
_RESPONSE: Final = 0x20
IKE_SA_INIT: Final = 34


class PayloadType(IntEnum):
    """The types of payloads in IKE_SA_INIT."""

    NONE = 0
    SA = 33
    KEY_EXCHANGE = 34
    CERTIFICATE_REQUEST = 38
    NONCE = 40
    NOTIFY = 41
    VENDOR_ID = 43


class NotifyType(IntEnum):
    """The types of notifications that are sent or understood (IANA, *IKEv2 Notify Message Types*)."""

    INVALID_MAJOR_VERSION = 5
    INVALID_SYNTAX = 7
    NO_PROPOSAL_CHOSEN = 14
    INVALID_KE_PAYLOAD = 17
    NAT_DETECTION_SOURCE_IP = 16388
    NAT_DETECTION_DESTINATION_IP = 16389
    COOKIE = 16390
    REDIRECT_SUPPORTED = 16406
    REDIRECT = 16407
    CHILDLESS_IKEV2_SUPPORTED = 16418
    IKEV2_FRAGMENTATION_SUPPORTED = 16430
    SIGNATURE_HASH_ALGORITHMS = 16431
    USE_PPK = 16435
    INTERMEDIATE_EXCHANGE_SUPPORTED = 16438


@frozen
class Header:
    """The header of any version. ``is_response`` is the flag R, which only version 2 has."""

    initiator_spi: bytes
    responder_spi: bytes
    next_payload: int
    major: int
    exchange: int
    is_response: bool
    message_id: int
    length: int


@frozen
class Message:
    """One message; ``payloads`` are types and bodies in order."""

    header: Header
    payloads: tuple[tuple[int, bytes], ...]

    def bodies(self, kind: int) -> tuple[bytes, ...]:
        """The bodies of all payloads of one type."""
        return tuple(body for found, body in self.payloads if found == kind)


@frozen
class Chosen:
    """A transform that a responder chose: its type, number, and key length in bits (0 without one)."""

    type: int
    number: int
    key_bits: int


def encode_header(
    *, spi: bytes, first: int, version: int, exchange: int, flags: int, length: int
) -> bytes:
    """The header of a first message: without the responder's SPI, with the message id 0."""
    fields = struct.pack(">BBBBII", first, version, exchange, flags, 0, HEADER_LENGTH + length)
    return spi + bytes(SPI_LENGTH) + fields


def encode_payloads(payloads: Sequence[tuple[int, bytes]]) -> bytes:
    """The payloads as a chain, none of them critical."""
    following = (*(kind for kind, _ in payloads[1:]), PayloadType.NONE)
    return b"".join(
        struct.pack(">BBH", after, 0, _GENERIC_HEADER + len(body)) + body
        for after, (_, body) in zip(following, payloads, strict=True)
    )


def encode_init(spi: bytes, payloads: Sequence[tuple[int, bytes]]) -> bytes:
    """An IKE_SA_INIT request."""
    content = encode_payloads(payloads)
    header = encode_header(
        spi=spi,
        first=payloads[0][0],
        version=0x20,
        exchange=IKE_SA_INIT,
        flags=_INITIATOR,
        length=len(content),
    )
    return header + content


def encode_proposals(proposals: Iterable[Sequence[Transform]]) -> bytes:
    """The body of an SA payload."""
    every = tuple(proposals)
    return b"".join(
        _proposal(number, transforms, is_last=number == len(every))
        for number, transforms in enumerate(every, 1)
    )


def _proposal(number: int, transforms: Sequence[Transform], *, is_last: bool) -> bytes:
    content = b"".join(_transform(one, is_last=one is transforms[-1]) for one in transforms)
    more = 0 if is_last else _MORE_PROPOSALS
    length = 2 * _GENERIC_HEADER + len(content)
    return struct.pack(">BBHBBBB", more, 0, length, number, _IKE, 0, len(transforms)) + content


def _transform(one: Transform, *, is_last: bool) -> bytes:
    attribute = struct.pack(">HH", _KEY_LENGTH, one.key_bits) if one.key_bits else b""
    more = 0 if is_last else _MORE_TRANSFORMS
    length = _TRANSFORM_HEADER + len(attribute)
    return struct.pack(">BBHBBH", more, 0, length, one.type, 0, one.number) + attribute


def encode_notify(kind: int, data: bytes = b"") -> bytes:
    """The body of a Notify payload about no particular SA."""
    return struct.pack(">BBH", 0, 0, kind) + data


def decode_header(datagram: bytes) -> Header:
    """The header. Raises DecodeError unless its length is that of the datagram."""
    reader = ByteReader(datagram, "IKE header")
    initiator, responder = reader.take(SPI_LENGTH), reader.take(SPI_LENGTH)
    first, version, exchange, flags = (reader.uint(1) for _ in range(4))
    message_id, length = reader.uint(4), reader.uint(4)
    if length != len(datagram) or length > MAX_MESSAGE_LENGTH:
        raise DecodeError("IKE header, whose length is wrong,", 24)
    return Header(
        initiator_spi=initiator,
        responder_spi=responder,
        next_payload=first,
        major=version >> 4,
        exchange=exchange,
        is_response=bool(flags & _RESPONSE),
        message_id=message_id,
        length=length,
    )


def decode_message(datagram: bytes) -> Message:
    """The message, of version 1 or 2. Raises DecodeError unless its payloads fill it."""
    header = decode_header(datagram)
    reader = ByteReader(datagram[HEADER_LENGTH:], "IKE payload")
    kind, payloads = header.next_payload, list[tuple[int, bytes]]()
    while kind != PayloadType.NONE:
        if len(payloads) == MAX_PAYLOADS:
            raise DecodeError(f"IKE message, more than {MAX_PAYLOADS} payloads,", 0)
        following = reader.uint(1)
        reader.take(1)
        body = reader.take(max(_body_length(reader), 0))
        payloads.append((kind, body))
        kind = following
    reader.finish()
    return Message(header=header, payloads=tuple(payloads))


def _body_length(reader: ByteReader) -> int:
    length = reader.uint(2)
    if length < _GENERIC_HEADER:
        raise reader.error()
    return length - _GENERIC_HEADER


def decode_notifications(message: Message) -> tuple[tuple[int, bytes], ...]:
    """The types and data of all notifications. Raises DecodeError."""
    return tuple(map(_notification, message.bodies(PayloadType.NOTIFY)))


def _notification(body: bytes) -> tuple[int, bytes]:
    reader = ByteReader(body, "IKE notification")
    reader.take(1)
    spi_length = reader.uint(1)
    kind = reader.uint(2)
    reader.take(spi_length)
    return kind, reader.rest()


def decode_choice(message: Message) -> tuple[Chosen, ...]:
    """The transforms of the one proposal that the responder chose; empty without an SA payload.

    Raises:
        DecodeError: if the payload is malformed, or has more than one proposal.
    """
    bodies = message.bodies(PayloadType.SA)
    if not bodies:
        return ()
    reader = ByteReader(bodies[0], "IKE proposal")
    is_more, _, length = reader.uint(1), reader.uint(1), reader.uint(2)
    if is_more or length != len(bodies[0]):
        raise reader.error()
    reader.take(2)
    spi_length, count = reader.uint(1), reader.uint(1)
    reader.take(spi_length)
    if not 0 < count <= MAX_TRANSFORMS:
        raise reader.error()
    chosen = tuple(_chosen(reader) for _ in range(count))
    reader.finish()
    return chosen


def _chosen(reader: ByteReader) -> Chosen:
    reader.take(2)
    length = reader.uint(2)
    if length < _TRANSFORM_HEADER:
        raise reader.error()
    kind = reader.uint(1)
    reader.take(1)
    number = reader.uint(2)
    attributes = ByteReader(reader.take(length - _TRANSFORM_HEADER), "attribute of a transform")
    key_bits = 0
    while attributes.remaining:
        name, value = attributes.uint(2), attributes.uint(2)
        if name == _KEY_LENGTH:
            key_bits = value
        elif not name & 0x8000:
            attributes.take(value)
    return Chosen(type=kind, number=number, key_bits=key_bits)


def type_of(chosen: Chosen) -> TransformType | None:
    """The type, if it is one that is asked."""
    return TransformType(chosen.type) if chosen.type in set(TransformType) else None
