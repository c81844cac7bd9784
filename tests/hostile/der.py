"""DER from its parts (X.690, 8.1), and certificates with any content (RFC 5280, 4.1)."""

from __future__ import annotations

import random
from typing import Final

VALIDITY: Final = (b"250101000000Z", b"451231235959Z")


def tlv(tag: int, content: bytes) -> bytes:
    """Tag, length and value."""
    length = len(content)
    if length < 128:
        return bytes([tag, length]) + content
    encoded = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(encoded)]) + encoded + content


def sequence(*parts: bytes) -> bytes:
    """SEQUENCE."""
    return tlv(0x30, b"".join(parts))


def integer(value: int) -> bytes:
    """A non-negative INTEGER."""
    return tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def bit_string(content: bytes) -> bytes:
    """BIT STRING without unused bits."""
    return tlv(0x03, b"\0" + content)


def octets(content: bytes) -> bytes:
    """OCTET STRING."""
    return tlv(0x04, content)


def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    encoded = b""
    for arc in (40 * first + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(0x80 | arc & 0x7F)
        encoded += bytes(reversed(groups))
    return tlv(0x06, encoded)


NULL: Final = tlv(0x05, b"")
COMMON_NAME: Final = oid("2.5.4.3")
RSA_ENCRYPTION: Final = oid("1.2.840.113549.1.1.1")
SHA256_WITH_RSA: Final = sequence(oid("1.2.840.113549.1.1.11"), NULL)


def relative_name(value: str, kind: bytes = COMMON_NAME) -> bytes:
    """One RelativeDistinguishedName with one attribute."""
    return tlv(0x31, sequence(kind, tlv(0x0C, value.encode())))


def name(*values: str) -> bytes:
    """A Name of common names."""
    return sequence(*(relative_name(value) for value in values))


def extension(kind: str, content: bytes, *, is_critical: bool = False) -> bytes:
    """One Extension."""
    critical = tlv(0x01, b"\xff") if is_critical else b""
    return sequence(oid(kind), critical, octets(content))


def rsa_key(modulus: int, exponent: int) -> bytes:
    """A SubjectPublicKeyInfo for RSA (RFC 3279, 2.3.1)."""
    return sequence(
        sequence(RSA_ENCRYPTION, NULL), bit_string(sequence(integer(modulus), integer(exponent)))
    )


def number_of_bits(bits: int) -> int:
    """An odd number of exactly ``bits`` bits, always the same."""
    return random.Random(bits).getrandbits(bits) | 1 << (bits - 1) | 1


USUAL_KEY: Final = rsa_key(number_of_bits(2048), 65537)


def certificate(
    *,
    key: bytes = USUAL_KEY,
    subject: bytes | None = None,
    issuer: bytes | None = None,
    extensions: bytes = b"",
    serial: int = 1,
    signature: bytes = bytes(256),
) -> bytes:
    """A version 3 certificate with an invalid signature."""
    signed = sequence(
        tlv(0xA0, integer(2)),
        integer(serial),
        SHA256_WITH_RSA,
        issuer if issuer is not None else name("hostile"),
        sequence(*(tlv(0x17, moment) for moment in VALIDITY)),
        subject if subject is not None else name("hostile"),
        key,
        tlv(0xA3, sequence(extensions)) if extensions else b"",
    )
    return sequence(signed, SHA256_WITH_RSA, bit_string(signature))
