"""Bounds on the numbers with which OpenSSL computes in a handshake up to TLS 1.2.

They are checked before OpenSSL sees the messages. On the event loop OpenSSL computes with the key of the
server's certificate and with its Diffie-Hellman parameters: two exponentiations of full length if OpenSSL
does not know the prime. At TLS 1.3 all fields are known, and OpenSSL bounds the key
(``pki.certificates.reading.bounds``).
"""

from __future__ import annotations

import hashlib
from typing import Final

from model.registry import known_prime
from pki.certificates.reading.bounds import MOST_DH_BITS, beyond_bounds
from probe.dialogue.session_reader import SessionInPlaintext

MOST_UNKNOWN_DH_BITS: Final = 4_096
"""For a prime that OpenSSL does not know to be safe; OpenSSL then uses exponents as long as the prime."""


def beyond_handshakes(said: SessionInPlaintext) -> str | None:
    """Why a handshake with these messages is not finished; None if it may continue, as far as is known.

    A handshake whose messages cannot be read is not finished either: OpenSSL may read more in them than this
    code does.
    """
    if said.unreadable is not None:
        return f"the server's {said.unreadable} cannot be read"
    reasons = (beyond_bounds(der) for der in said.chain)
    reason = next((one for one in reasons if one is not None), None)
    if reason is not None:
        return f"not finished: {reason[:1].lower()}{reason[1:].rstrip('.')}"
    prime = said.key_exchange.dh_prime if said.key_exchange is not None else None
    return _beyond_prime(prime) if prime is not None else None


def _beyond_prime(prime: bytes) -> str | None:
    shortest = prime.lstrip(b"\0")
    bits = int.from_bytes(shortest, "big").bit_length()
    is_known = known_prime(hashlib.sha256(shortest).hexdigest()) is not None
    most = MOST_DH_BITS if is_known else MOST_UNKNOWN_DH_BITS
    if bits <= most:
        return None
    return f"not finished: a Diffie-Hellman prime of {bits:,} bits (limit: {most:,})"
