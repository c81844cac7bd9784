"""The finite fields of RFC 2409, 3526 and 7919, computed by the formulas in these RFCs.

Each prime is 2^b - 2^(b-64) - 1 + 2^64 * (floor(2^(b-130) * c) + k), with pi or e for c. Pi is Machin's sum
of two arctangents, e the sum of the inverse factorials, both in integers.
"""

from __future__ import annotations

import functools

_GUARD_BITS = 64

MODP = {
    "RFC 2409 group 1": (768, 149686),
    "RFC 2409 group 2": (1024, 129093),
    "RFC 3526 group 5": (1536, 741804),
    "RFC 3526 group 14": (2048, 124476),
    "RFC 3526 group 15": (3072, 1690314),
    "RFC 3526 group 16": (4096, 240904),
    "RFC 3526 group 17": (6144, 929484),
    "RFC 3526 group 18": (8192, 4743158),
}
"""Bits and k of RFC 2409, 6.1 and 6.2, and RFC 3526, 2 to 7."""

FFDHE = {
    "ffdhe2048": (2048, 560316),
    "ffdhe3072": (3072, 2625351),
    "ffdhe4096": (4096, 5736041),
    "ffdhe6144": (6144, 15705020),
    "ffdhe8192": (8192, 10965728),
}
"""Bits and X of RFC 7919, A.1 to A.5."""

FFDHE_CODE_POINTS = {name: 0x0100 + place for place, name in enumerate(FFDHE)}
"""RFC 7919, section 2."""


@functools.cache
def prime(name: str) -> int:
    """The prime with that name."""
    if name in MODP:
        bits, constant = MODP[name]
        irrational = _pi(bits - 130)
    else:
        bits, constant = FFDHE[name]
        irrational = _e(bits - 130)
    return (1 << bits) - (1 << (bits - 64)) - 1 + ((irrational + constant) << 64)


def prime_bytes(name: str) -> bytes:
    """The prime in the minimum number of bytes, most significant first."""
    number = prime(name)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _pi(bits: int) -> int:
    """floor(2^bits * pi): 16 arctan(1/5) - 4 arctan(1/239)."""
    return (16 * _arctan_of_inverse(5, bits) - 4 * _arctan_of_inverse(239, bits)) >> _GUARD_BITS


def _arctan_of_inverse(number: int, bits: int) -> int:
    power = (1 << (bits + _GUARD_BITS)) // number
    total, place = power, 1
    while power:
        power //= -(number * number)
        place += 2
        total += power // place
    return total


def _e(bits: int) -> int:
    """floor(2^bits * e)."""
    term = total = 1 << (bits + _GUARD_BITS)
    place = 0
    while term:
        place += 1
        term //= place
        total += term
    return total >> _GUARD_BITS
