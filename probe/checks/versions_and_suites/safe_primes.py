"""Is a prime p safe, that is, is (p-1)/2 also prime?

OpenSSL tests (p-1)/2 in a thread without holding Python's lock, because the test takes a tenth of a second at
2048 bits. If (p-1)/2 is prime, one exponentiation proves that p is prime (Pocklington's criterion).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from cryptography.hazmat.bindings.openssl.binding import Binding

from model.verdict import Verdict
from probe.budget import off_loop

MOST_BITS: Final = 4096
"""Two seconds of processor time; 8192 bits would take fifteen, longer than a visit may."""

_MOST_REMEMBERED: Final = 4096


async def judge_safety(number: int) -> Verdict:
    """Whether ``number`` is a safe prime; unknown if it has more than ``MOST_BITS``."""
    if number.bit_length() > MOST_BITS:
        return Verdict.UNKNOWN
    return Verdict.YES if await off_loop(is_safe_prime, number) else Verdict.NO


@lru_cache(maxsize=_MOST_REMEMBERED)
def is_safe_prime(number: int) -> bool:
    """Whether ``number`` = 2q + 1 and q are both prime.

    If q is prime and greater than the square root of 2q + 1, then 2q + 1 is prime if 2^(2q) = 1 modulo it and
    2^2 - 1 = 3 does not divide it.
    """
    half = number // 2
    if number % 2 == 0 or number % 3 == 0 or not _is_prime(half):
        return False
    return pow(2, number - 1, number) == 1


def _is_prime(number: int) -> bool:
    """OpenSSL's result: 64 rounds of Miller-Rabin, 128 above 2048 bits."""
    lib, ffi = Binding().lib, Binding().ffi
    holder = ffi.new("BIGNUM **")
    lib.BN_hex2bn(holder, f"{number:x}".encode("ascii"))
    try:
        return bool(lib.BN_is_prime_ex(holder[0], 0, ffi.NULL, ffi.NULL) == 1)
    finally:
        lib.BN_free(holder[0])
