"""Makes a QUIC server list its versions: it must, in answer to a packet of an unknown version.

``Long Header Packet { Header Form (1) = 1, Version-Specific Bits (7), Version (32), DCID Length (8), DCID
(0..2040), SCID Length (8), SCID (0..2040), … }``. The answer is the same with version 0, followed by the list
of versions (RFC 8999, sections 5.1 and 6; RFC 9000, section 6.1). Nothing is encrypted, and neither side
computes a key.
"""

from __future__ import annotations

from typing import Final

from pki.byte_reader import ByteReader, DecodeError, vector

_LONG_HEADER: Final = 0xC0
_RESERVED_VERSION: Final = 0x1A2A3A4A
"""One of the versions reserved to force version negotiation (RFC 9000, section 15)."""

_SMALLEST_PACKET: Final = 1200
"""Shorter packets get no answer (RFC 9000, sections 5.2.2 and 14.1)."""

_NAMES: Final = {0x00000001: "v1", 0x6B3343CF: "v2"}
"""RFC 9000, RFC 9369."""

_DRAFT: Final = 0xFF000000
_RESERVED_MASK: Final = 0x0F0F0F0F
_RESERVED: Final = 0x0A0A0A0A
_MOST_VERSIONS: Final = 64


def question(nonce: bytes) -> bytes:
    """The packet; ``nonce`` is at least 16 bytes, for the two connection ids."""
    header = bytes((_LONG_HEADER,)) + _RESERVED_VERSION.to_bytes(4, "big")
    ids = vector(nonce[:8], 1) + vector(nonce[8:16], 1)
    return (header + ids).ljust(_SMALLEST_PACKET, b"\0")


def versions_in(packet: bytes, nonce: bytes) -> tuple[int, ...] | None:
    """The versions in an answer to ``question(nonce)``; None if the packet is not such an answer."""
    reader = ByteReader(packet, "Version Negotiation")
    try:
        is_long = reader.uint(1) & 0x80
        is_negotiation = reader.uint(4) == 0
        destination, source = reader.vector(1), reader.vector(1)
        if not (is_long and is_negotiation and (source, destination) == (nonce[:8], nonce[8:16])):
            return None
        return listed_versions(reader.rest())
    except DecodeError:
        return None


def listed_versions(body: bytes) -> tuple[int, ...] | None:
    """The versions in the ``body`` of a Version Negotiation, after its connection ids; None if it is malformed.

    Reserved versions, which servers list to keep clients tolerant, are left out.
    """
    if len(body) % 4:
        return None
    reader = ByteReader(body, "Version Negotiation")
    listed = [reader.uint(4) for _ in range(min(len(body) // 4, _MOST_VERSIONS))]
    return tuple(one for one in listed if one & _RESERVED_MASK != _RESERVED)


def version_name(version: int) -> str:
    """``v1``, ``v2``, a draft's name, or the number."""
    if version in _NAMES:
        return _NAMES[version]
    if version & 0xFFFFFF00 == _DRAFT:
        return f"draft-{version & 0xFF}"
    return f"{version:#010x}"
