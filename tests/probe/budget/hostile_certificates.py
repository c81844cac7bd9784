"""Certificates that no library would write: their keys and lists are as long as requested.

They are written element by element (X.690); the layouts are RFC 5280, section 4.1, and RFC 3279, section 2.3.
"""

from __future__ import annotations

from functools import cache

RSA_ENCRYPTION = "2a864886f70d010101"
DSA = "2a8648ce380401"
EC_PUBLIC_KEY = "2a8648ce3d0201"
PRIME_FIELD = "2a8648ce3d0101"
SECP256R1 = "2a8648ce3d030107"
DH_KEY_AGREEMENT = "2a864886f70d010301"
COMMON_NAME = "550403"
SUBJECT_ALT_NAME = "551d11"
SHA256_WITH_RSA = "2a864886f70d01010b"


def tlv(tag: int, content: bytes) -> bytes:
    if len(content) < 128:
        return bytes((tag, len(content))) + content
    length = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*members: bytes) -> bytes:
    return tlv(0x30, b"".join(members))


def integer(number: int) -> bytes:
    return tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def of_bits(bits: int) -> int:
    """An odd number of exactly ``bits`` bits."""
    return 1 << (bits - 1) | 1


def identifier(octets: str) -> bytes:
    return tlv(0x06, bytes.fromhex(octets))


def bit_string(content: bytes) -> bytes:
    return tlv(0x03, b"\0" + content)


def key(algorithm: str, parameters: bytes, public: bytes) -> bytes:
    """``SubjectPublicKeyInfo``"""
    return sequence(sequence(identifier(algorithm), parameters), bit_string(public))


def rsa(modulus_bits: int, exponent_bits: int) -> bytes:
    numbers = sequence(integer(of_bits(modulus_bits)), integer(of_bits(exponent_bits)))
    return key(RSA_ENCRYPTION, tlv(0x05, b""), numbers)


def dsa(prime_bits: int, subgroup_bits: int) -> bytes:
    numbers = [integer(of_bits(bits)) for bits in (prime_bits, subgroup_bits, 8)]
    return key(DSA, sequence(*numbers), integer(of_bits(256)))


def diffie_hellman(prime_bits: int) -> bytes:
    return key(DH_KEY_AGREEMENT, sequence(integer(of_bits(prime_bits)), integer(2)), integer(5))


def explicit_curve(field_bits: int) -> bytes:
    """``SpecifiedECDomain`` (SEC 1, C.2): a field, a curve, a base point and an order of our own."""
    octets = bytes(field_bits // 8)
    field = sequence(identifier(PRIME_FIELD), integer(of_bits(field_bits)))
    curve = sequence(tlv(0x04, octets), tlv(0x04, octets))
    domain = sequence(integer(1), field, curve, tlv(0x04, b"\4" + octets * 2), integer(7))
    return key(EC_PUBLIC_KEY, domain, b"\4" + octets * 2)


def name(attributes: int = 1) -> bytes:
    value = sequence(identifier(COMMON_NAME), tlv(0x0C, b"x"))
    return sequence(*[tlv(0x31, value)] * attributes)


def host_names(count: int) -> bytes:
    """A subject alternative name extension; each name has five digits."""
    names = b"".join(tlv(0x82, b"%05d" % number) for number in range(count))
    return sequence(identifier(SUBJECT_ALT_NAME), tlv(0x04, sequence(names)))


def certificate(
    public_key: bytes, *, subject: bytes = b"", extensions: bytes = b"", serial: int = 1
) -> bytes:
    """A certificate with an invalid signature."""
    algorithm = sequence(identifier(SHA256_WITH_RSA), tlv(0x05, b""))
    validity = sequence(tlv(0x17, b"250101000000Z"), tlv(0x17, b"350101000000Z"))
    body = [tlv(0xA0, integer(2)), integer(serial), algorithm, name(), validity]
    body += [subject or name(), public_key]
    if extensions:
        body.append(tlv(0xA3, sequence(extensions)))
    return sequence(sequence(*body), algorithm, bit_string(bytes(256)))


@cache
def giant_rsa() -> bytes:
    """The key that once blocked the service for hours: a single power of these numbers takes minutes."""
    return certificate(rsa(20_000, 19_999))
