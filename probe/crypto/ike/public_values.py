"""Our public values for the key exchange methods of IKEv2 (RFC 2409, 3526, 5903, 6954, 8031).

A private key is derived from a seed and used for nothing: the exchange ends before a shared secret is computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, x448, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_X25519_LENGTH: Final = 32
_X448_LENGTH: Final = 56
_EXPONENT_LENGTH: Final = 32
_GENERATOR: Final = 2
_CONSTANTS: Final = {
    768: 149_686,
    1024: 129_093,
    1536: 741_804,
    2048: 124_476,
    3072: 1_690_314,
    4096: 240_904,
    6144: 929_484,
    8192: 4_743_158,
}
"""The constant in the formula of each prime, by its bits."""
_GUARD_BITS: Final = 64


def public_value(method: int, seed: bytes) -> bytes | None:
    """The public value for an IANA number of a key exchange method; None for one that is not known.

    ``seed`` has at least 56 bytes.
    """
    make = _METHODS.get(method)
    return None if make is None else make(seed)


def modp_prime(bits: int) -> int:
    """The prime 2^n - 2^(n-64) - 1 + 2^64 * (floor(2^(n-130) * pi) + c) of RFC 2409 and RFC 3526."""
    middle = (_pi_shifted(bits - 130) + _CONSTANTS[bits]) << 64
    return int((1 << bits) - (1 << (bits - 64)) - 1 + middle)


@lru_cache(maxsize=len(_CONSTANTS))
def _pi_shifted(bits: int) -> int:
    """2^bits * pi, rounded down, by Machin's formula."""
    one = 1 << (bits + _GUARD_BITS)
    return (4 * (4 * _arctan_inverse(5, one) - _arctan_inverse(239, one))) >> _GUARD_BITS


def _arctan_inverse(number: int, one: int) -> int:
    term, total, divisor, sign = one // number, 0, 1, 1
    while term:
        total += sign * (term // divisor)
        term //= number * number
        divisor, sign = divisor + 2, -sign
    return total


def _modp(bits: int, seed: bytes) -> bytes:
    exponent = int.from_bytes(seed[:_EXPONENT_LENGTH], "big") | 2
    return pow(_GENERATOR, exponent, modp_prime(bits)).to_bytes(bits // 8, "big")


def _ecp(curve: ec.EllipticCurve, seed: bytes) -> bytes:
    """Both coordinates without the byte before them (RFC 5903, section 7)."""
    scalar = int.from_bytes(seed[: curve.key_size // 16], "big") | 1
    public = ec.derive_private_key(scalar, curve).public_key()
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]


def _x25519(seed: bytes) -> bytes:
    private = x25519.X25519PrivateKey.from_private_bytes(seed[:_X25519_LENGTH])
    return private.public_key().public_bytes_raw()


def _x448(seed: bytes) -> bytes:
    private = x448.X448PrivateKey.from_private_bytes(seed[:_X448_LENGTH])
    return private.public_key().public_bytes_raw()


_METHODS: Final[Mapping[int, Callable[[bytes], bytes]]] = {
    1: partial(_modp, 768),
    2: partial(_modp, 1024),
    5: partial(_modp, 1536),
    14: partial(_modp, 2048),
    15: partial(_modp, 3072),
    16: partial(_modp, 4096),
    17: partial(_modp, 6144),
    18: partial(_modp, 8192),
    19: partial(_ecp, ec.SECP256R1()),
    20: partial(_ecp, ec.SECP384R1()),
    21: partial(_ecp, ec.SECP521R1()),
    25: partial(_ecp, ec.SECP192R1()),
    26: partial(_ecp, ec.SECP224R1()),
    28: partial(_ecp, ec.BrainpoolP256R1()),
    29: partial(_ecp, ec.BrainpoolP384R1()),
    30: partial(_ecp, ec.BrainpoolP512R1()),
    31: _x25519,
    32: _x448,
}
