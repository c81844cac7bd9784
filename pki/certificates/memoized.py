"""A bounded cache for what is read from certificates.

An endpoint sends the same few certificates in every answer, and a fleet shares its intermediates: each
certificate of ordinary size is read once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final, TypeVar

from model.caching.size_bounded_cache import SizeBoundedCache

_ROOM: Final = 8 * 2**20
"""In bytes; each reader may use up to twice as much."""

_LONGEST: Final = 8192
"""Bytes of the largest certificate that is cached."""

_IN_OBJECTS: Final = 4
"""The size of a certificate's library objects, as a multiple of its length."""

Read = TypeVar("Read")


def remembered(read: Callable[[bytes], Read]) -> Callable[[bytes], Read]:
    """``read``, a pure function of one certificate's DER, with a cache."""
    recent = SizeBoundedCache(_ROOM)

    @wraps(read)
    def reader(der: bytes) -> Read:
        if len(der) > _LONGEST:
            return read(der)
        return recent.of(der, read, der, opaque_bytes=_IN_OBJECTS * len(der))

    return reader
