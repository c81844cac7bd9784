"""QUIC's packets with a long header, as far as they are readable without keys (RFC 9000, section 17.2; RFC 8999).

``Long Header Packet { Header Form (1) = 1, Fixed Bit (1) = 1, Long Packet Type (2), Type-Specific Bits (4),
Version (32), DCID Length (8), DCID (0..160), SCID Length (8), SCID (0..160), … }``. An Initial continues with
``Token Length (i), Token (..), Length (i)``, a Handshake packet with ``Length (i)``; the packet number and the
protected frames follow. A Retry continues with its token and a tag of 16 bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from itertools import islice
from typing import Final

from model.frozen import frozen
from pki.byte_reader import ByteReader, DecodeError, vector
from probe.tls.limits import MAX_QUIC_PACKETS

VERSION_1: Final = 0x00000001
VERSION_2: Final = 0x6B3343CF
TAG_LENGTH: Final = 16
SMALLEST_DATAGRAM: Final = 1200
"""A client's datagram with an Initial packet has at least this length (RFC 9000, section 14.1)."""
PACKET_NUMBER_LENGTH: Final = 4
"""Of the packets that we send."""

_LONG: Final = 0x80
_FIXED: Final = 0x40
_LONGEST_ID: Final = 20
_TWO_BYTES: Final = 0x4000


class PacketType(StrEnum):
    """The types of long header packets (RFC 9000, section 17.2), and Version Negotiation."""

    INITIAL = "Initial"
    ZERO_RTT = "0-RTT"
    HANDSHAKE = "Handshake"
    RETRY = "Retry"
    VERSION_NEGOTIATION = "Version Negotiation"


_V1_ORDER: Final = (
    PacketType.INITIAL,
    PacketType.ZERO_RTT,
    PacketType.HANDSHAKE,
    PacketType.RETRY,
)
_ORDERS: Final = {VERSION_1: _V1_ORDER, VERSION_2: (_V1_ORDER[-1], *_V1_ORDER[:-1])}
"""The types by their two bits (RFC 9369, section 3.2, moves each of them by one)."""


@frozen
class LongPacket:
    """One packet. ``header`` ends before the packet number; ``payload`` is the rest, still protected."""

    kind: PacketType
    version: int
    destination: bytes
    source: bytes
    token: bytes
    header: bytes
    payload: bytes


def packets_in(datagram: bytes) -> Iterator[LongPacket]:
    """The coalesced packets with a long header (RFC 9000, section 12.2), at most MAX_QUIC_PACKETS.

    They end before the first one that is malformed, of an unknown version, or has a short header.
    """
    return islice(_packets(datagram), MAX_QUIC_PACKETS)


def _packets(datagram: bytes) -> Iterator[LongPacket]:
    at = 0
    while at < len(datagram):
        try:
            packet = _packet(datagram[at:])
        except DecodeError:
            return
        yield packet
        at += len(packet.header) + len(packet.payload)


def _packet(content: bytes) -> LongPacket:
    reader = ByteReader(content, "QUIC packet")
    first, version = reader.uint(1), reader.uint(4)
    destination, source = reader.vector(1), reader.vector(1)
    kind = _kind(first, version)
    if kind is None or max(len(destination), len(source)) > _LONGEST_ID:
        raise reader.error()
    token, length = b"", reader.remaining
    if kind is PacketType.INITIAL:
        token = reader.take(read_number(reader))
    if kind in {PacketType.INITIAL, PacketType.HANDSHAKE, PacketType.ZERO_RTT}:
        length = read_number(reader)
    header = content[: len(content) - reader.remaining]
    payload = reader.take(length)
    return LongPacket(
        kind=kind,
        version=version,
        destination=destination,
        source=source,
        token=token,
        header=header,
        payload=payload,
    )


def _kind(first: int, version: int) -> PacketType | None:
    if not first & _LONG:
        return None
    if version == 0:
        return PacketType.VERSION_NEGOTIATION
    order = _ORDERS.get(version)
    return order[first >> 4 & 3] if order and first & _FIXED else None


def initial_header(
    version: int, destination: bytes, source: bytes, token: bytes, length: int
) -> bytes:
    """The header of an Initial up to its packet number; ``length`` counts the number, the frames and the tag."""
    kind = _ORDERS[version].index(PacketType.INITIAL)
    first = _LONG | _FIXED | kind << 4 | PACKET_NUMBER_LENGTH - 1
    ids = vector(destination, 1) + vector(source, 1)
    head = bytes((first,)) + version.to_bytes(4, "big") + ids
    return head + number(len(token)) + token + (_TWO_BYTES | length).to_bytes(2, "big")


def read_number(reader: ByteReader) -> int:
    """A variable-length integer (RFC 9000, section 16). Raises DecodeError."""
    first = reader.uint(1)
    more = (1 << (first >> 6)) - 1
    return (first & 0x3F) << 8 * more | reader.uint(more)


def number(value: int) -> bytes:
    """The shortest variable-length integer of ``value``, which is below 2^62."""
    for exponent, length in enumerate((1, 2, 4, 8)):
        if value < 1 << 8 * length - 2:
            return (exponent << 8 * length - 2 | value).to_bytes(length, "big")
    raise ValueError(f"{value} does not fit into a variable-length integer")


def retry_token(packet: LongPacket) -> bytes:
    """The token of a Retry; empty if it has none."""
    return packet.payload[:-TAG_LENGTH]
