"""A bounded memory for what is read out of certificates.

An endpoint shows the same few certificates in answer after answer, and a fleet shares its
intermediates: each is read once, as long as it is of honest size.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Final, TypeVar

_MOST_CERTIFICATES: Final = 2048
_LONGEST: Final = 8192
"""Bytes of a certificate that is worth keeping: 16 MiB at most for each reader."""

Read = TypeVar("Read")


def remembered(read: Callable[[bytes], Read]) -> Callable[[bytes], Read]:
    """``read``, a pure function of one certificate's DER, with such a memory."""
    remembering = lru_cache(_MOST_CERTIFICATES)(read)

    @wraps(read)
    def reader(der: bytes) -> Read:
        return remembering(der) if len(der) <= _LONGEST else read(der)

    return reader
