"""Which untrusted certificates are passed to libraries, and which are only reported.

The certificate determines how long a library takes to parse or use it, and neither the event loop nor a thread
can interrupt that. So a certificate goes to OpenSSL and cryptography only if its size, its elements and its
key's numbers are within these limits; ``load_certificate`` and the trust stores enforce them. ``fields.py``
still reads the fields of other certificates, within limits of its own.

OpenSSL's own limits are higher: 16,384 bits and, above 3,072 bits, a 64-bit exponent for RSA
(``OPENSSL_RSA_MAX_MODULUS_BITS``, ``OPENSSL_RSA_MAX_PUBEXP_BITS``), 10,000 bits for DSA and DH.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from pki.certificates.memoized import remembered
from pki.certificates.reading.der import (
    MOST_ELEMENTS,
    Element,
    Tag,
    algorithm_identifier,
    count_elements,
    first,
    object_identifier,
)
from pki.certificates.reading.fields import read_fields

MOST_RSA_BITS: Final = 16_384
MOST_EXPONENT_BITS: Final = 64
MOST_DSA_BITS: Final = 4_096
MOST_SUBGROUP_BITS: Final = 512
"""FIPS 186-4, section 4.2, allows at most 3072-bit primes with 256-bit subgroups."""

MOST_DH_BITS: Final = 8_192
MOST_POINT_LENGTH: Final = 1 + 2 * 66
"""Bytes of an uncompressed point of secp521r1, the largest curve of TLS."""

MOST_KEY_LENGTH: Final = 2**13
"""Bytes of any other key: ML-DSA-87 has 2,592 (FIPS 204, table 2)."""

_RSA: Final = frozenset({"1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"})
_DSA: Final = frozenset({"1.2.840.10040.4.1", "1.3.14.3.2.12"})
_EC: Final = "1.2.840.10045.2.1"
_DH: Final = frozenset({"1.2.840.113549.1.3.1", "1.2.840.10046.2.1"})


def elements_of(chain: Iterable[bytes]) -> int:
    """The number of DER elements of a chain; each certificate counts at most MOST_ELEMENTS + 1."""
    return sum(_elements(der) for der in chain)


@remembered
def beyond_bounds(der: bytes) -> str | None:
    """Why the certificate in ``der`` is not passed to libraries, in one sentence; None if it is.

    None also if no key can be found: a caller that passes the certificate to OpenSSL, which reads BER, must
    require one.
    """
    if _elements(der) > MOST_ELEMENTS:
        return f"The certificate has more than {MOST_ELEMENTS:,} elements and is not read."
    info = read_fields(der).public_key
    reason = _of_key(info) if info is not None else None
    return f"The public key is not used, because it exceeds a limit: {reason}." if reason else None


@remembered
def _elements(der: bytes) -> int:
    return count_elements(der, MOST_ELEMENTS)


def _of_key(info: Element) -> str | None:
    parts = info.children()
    if len(parts) != 2 or parts[0].tag != Tag.SEQUENCE or parts[1].tag != Tag.BIT_STRING:
        return "it is not a SubjectPublicKeyInfo"
    identifier, parameters = algorithm_identifier(parts[0])
    key = parts[1].content[1:]
    if identifier in _RSA:
        return _of_rsa(key)
    if len(key) > MOST_KEY_LENGTH:
        return f"{len(key):,} bytes (limit: {MOST_KEY_LENGTH:,})"
    if identifier in _DSA:
        return _of_dsa(parameters)
    if identifier in _DH:
        return _most("a prime", _integers(parameters)[:1], MOST_DH_BITS)
    if identifier == _EC:
        return _of_curve(parameters, key)
    return None


def _of_rsa(key: bytes) -> str | None:
    """``RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }`` (RFC 8017, A.1.1)"""
    numbers = _integers(first(key, Tag.SEQUENCE))
    if len(numbers) != 2:
        return "an RSA key without modulus and exponent"
    return _most("an RSA modulus", numbers[:1], MOST_RSA_BITS) or _most(
        "an RSA exponent", numbers[1:], MOST_EXPONENT_BITS
    )


def _of_dsa(parameters: Element | None) -> str | None:
    """``Dss-Parms ::= SEQUENCE { p INTEGER, q INTEGER, g INTEGER }`` (RFC 3279, 2.3.2), or none."""
    numbers = _integers(parameters)
    return _most("a DSA prime or generator", numbers[::2], MOST_DSA_BITS) or _most(
        "a DSA subgroup", numbers[1:2], MOST_SUBGROUP_BITS
    )


def _of_curve(parameters: Element | None, point: bytes) -> str | None:
    """RFC 5480, section 2.1.1: only named curves; explicit parameters are forbidden."""
    if parameters is None or parameters.tag != Tag.OBJECT_IDENTIFIER:
        return "an elliptic curve with explicit parameters"
    if object_identifier(parameters.content) is None:
        return "an elliptic curve without a readable name"
    if len(point) > MOST_POINT_LENGTH:
        return f"a point of {len(point):,} bytes (limit: {MOST_POINT_LENGTH})"
    return None


def _integers(sequence: Element | None) -> list[int]:
    """The sizes in bits of the INTEGERs of a SEQUENCE; empty if it holds anything else."""
    members = sequence.children()[:4] if sequence and sequence.tag == Tag.SEQUENCE else ()
    if any(member.tag != Tag.INTEGER for member in members[:3]):
        return []
    return [
        int.from_bytes(member.content, "big").bit_length()
        for member in members
        if member.tag == Tag.INTEGER
    ]


def _most(what: str, sizes: list[int], most: int) -> str | None:
    largest = max(sizes, default=0)
    return f"{what} of {largest:,} bits (limit: {most:,})" if largest > most else None
