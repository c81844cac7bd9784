"""The type and size of a certificate's public key (RFC 3279, 5480, 8410, 9881)."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ObjectIdentifier

from model.certificates.certificate import KeyType
from pki.certificates.reading.der import (
    Element,
    Tag,
    algorithm_identifier,
    first,
    object_identifier,
)

_KEY_TYPES: Final = {
    "1.2.840.113549.1.1.1": KeyType.RSA,
    "1.2.840.113549.1.1.10": KeyType.RSA_PSS,
    "1.2.840.10040.4.1": KeyType.DSA,
    "1.2.840.10045.2.1": KeyType.ECDSA,
    "1.3.101.112": KeyType.ED25519,
    "1.3.101.113": KeyType.ED448,
    "2.16.840.1.101.3.4.3.17": KeyType.MLDSA,
    "2.16.840.1.101.3.4.3.18": KeyType.MLDSA,
    "2.16.840.1.101.3.4.3.19": KeyType.MLDSA,
}
_UNCOMPRESSED: Final = 0x04


def read_public_key(info: Element) -> tuple[KeyType, int | None]:
    """The type and the size in bits of a ``SubjectPublicKeyInfo``.

    The size is that of the modulus for RSA, of the prime for DSA, of the field for elliptic curves, and of the
    encoded public key for Ed25519 (256), Ed448 (456) and ML-DSA (10,496, 15,616 and 20,736, which distinguish
    the parameter sets). None if it cannot be read.
    """
    parts = info.children()
    if len(parts) != 2 or parts[0].tag != Tag.SEQUENCE or parts[1].tag != Tag.BIT_STRING:
        return KeyType.OTHER, None
    identifier, parameters = algorithm_identifier(parts[0])
    key_type = _KEY_TYPES.get(identifier or "", KeyType.OTHER)
    return key_type, _bits(key_type, parameters, parts[1].content[1:])


def _bits(key_type: KeyType, parameters: Element | None, key: bytes) -> int | None:
    match key_type:
        case KeyType.RSA | KeyType.RSA_PSS:
            return _first_integer_bits(first(key, Tag.SEQUENCE))
        case KeyType.DSA:
            return _first_integer_bits(parameters)
        case KeyType.ECDSA:
            return _curve_bits(parameters, key)
        case KeyType.ED25519 | KeyType.ED448 | KeyType.MLDSA:
            return 8 * len(key) or None
        case _:
            return None


def _first_integer_bits(sequence: Element | None) -> int | None:
    number = first(sequence.content, Tag.INTEGER) if sequence else None
    return int.from_bytes(number.content, "big").bit_length() or None if number else None


def _curve_bits(parameters: Element | None, point: bytes) -> int | None:
    if parameters is not None and parameters.tag == Tag.OBJECT_IDENTIFIER:
        curve = object_identifier(parameters.content)
        try:
            return ec.get_curve_for_oid(ObjectIdentifier(curve or ""))().key_size
        except (LookupError, ValueError):
            pass  # a curve that cryptography does not know, or an invalid identifier
    if not point:
        return None
    # Counts whole octets, so a 521-bit curve would have 528 bits; known curves are handled above.
    coordinates = 2 if point[0] == _UNCOMPRESSED else 1
    return 8 * ((len(point) - 1) // coordinates) or None
