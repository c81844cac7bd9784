"""What of a stranger's certificate is computed with, and what is only reported.

A library asked to read or use a certificate takes as long as the certificate makes it take, and neither the
event loop nor a thread can stop it. So a certificate goes to OpenSSL and cryptography only where its size,
its elements and the numbers of its key are within these bounds; ``load_certificate`` and the trust stores
hold to it. The fields of others are read by ``fields.py`` all the same, as far as its own bounds go.

OpenSSL's own limits stand behind these: 16,384 bits and, over 3,072 bits, a 64-bit exponent for RSA
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
"""FIPS 186-4, section 4.2, has 3072 and 256 bits at most."""

MOST_DH_BITS: Final = 8_192
MOST_POINT_LENGTH: Final = 1 + 2 * 66
"""Bytes of an uncompressed point of secp521r1, the largest curve of TLS."""

MOST_KEY_LENGTH: Final = 2**13
"""Bytes of a key of any other kind: ML-DSA-87 has 2,592 (FIPS 204, table 2)."""

_RSA: Final = frozenset({"1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10"})
_DSA: Final = frozenset({"1.2.840.10040.4.1", "1.3.14.3.2.12"})
_EC: Final = "1.2.840.10045.2.1"
_DH: Final = frozenset({"1.2.840.113549.1.3.1", "1.2.840.10046.2.1"})


def elements_of(chain: Iterable[bytes]) -> int:
    """The DER elements of a chain, each certificate counted up to one more than MOST_ELEMENTS."""
    return sum(_elements(der) for der in chain)


@remembered
def beyond_bounds(der: bytes) -> str | None:
    """Why the certificate in ``der`` is not computed with, one sentence; None where it is.

    None too where no key can be found: what is given to a reader of BER (OpenSSL) must have one.
    """
    if _elements(der) > MOST_ELEMENTS:
        return f"The certificate has more than {MOST_ELEMENTS:,} elements, which is beyond what is read."
    info = read_fields(der).public_key
    reason = _of_key(info) if info is not None else None
    return f"The public key is beyond what is computed with: {reason}." if reason else None


@remembered
def _elements(der: bytes) -> int:
    return count_elements(der, MOST_ELEMENTS)


def _of_key(info: Element) -> str | None:
    parts = info.children()
    if len(parts) != 2 or parts[0].tag != Tag.SEQUENCE or parts[1].tag != Tag.BIT_STRING:
        return "it is no SubjectPublicKeyInfo"
    identifier, parameters = algorithm_identifier(parts[0])
    key = parts[1].content[1:]
    if identifier in _RSA:
        return _of_rsa(key)
    if len(key) > MOST_KEY_LENGTH:
        return f"{len(key):,} bytes, and at most {MOST_KEY_LENGTH:,} are taken"
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
    """RFC 5480, section 2.1.1: named curves alone; explicit fields are forbidden."""
    if parameters is None or parameters.tag != Tag.OBJECT_IDENTIFIER:
        return "an elliptic curve that is not named"
    if object_identifier(parameters.content) is None:
        return "an elliptic curve without a readable name"
    if len(point) > MOST_POINT_LENGTH:
        return f"a point of {len(point):,} bytes, and at most {MOST_POINT_LENGTH} are taken"
    return None


def _integers(sequence: Element | None) -> list[int]:
    """The sizes in bits of the INTEGERs of a SEQUENCE; empty where it holds anything else."""
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
    return f"{what} of {largest:,} bits, and at most {most:,} are taken" if largest > most else None
