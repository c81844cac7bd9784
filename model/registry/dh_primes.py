"""The finite-field primes that many servers share, by the SHA-256 of the prime.

They come from RFCs and from defaults of servers and libraries. An attacker who breaks one of them breaks all
servers that use it (weakdh.org).
"""

from __future__ import annotations

from typing import Final

from model.frozen import frozen
from model.registry.table import read_table


@frozen
class KnownPrime:
    """One row. ``sha256`` is the hex hash of the prime's big-endian bytes without leading zeros.

    ``is_safe`` is whether (p-1)/2 is also prime.
    """

    name: str
    bits: int
    sha256: str
    is_safe: bool


KNOWN_PRIMES: Final = tuple(
    KnownPrime(
        name=row["name"],
        bits=int(row["bits"]),
        sha256=row["sha256"],
        is_safe=row["safe_prime"] == "True",
    )
    for row in read_table("dh_primes")
)
"""The primes of RFCs first."""

_BY_SHA256: Final = {prime.sha256: prime for prime in KNOWN_PRIMES}


def known_prime(sha256: str) -> KnownPrime | None:
    """The prime with that hash, or None."""
    return _BY_SHA256.get(sha256)
