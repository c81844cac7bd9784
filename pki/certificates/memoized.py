"""A bounded memory for what is read out of certificates.

An endpoint shows the same few certificates in answer after answer, and a fleet shares its
intermediates: each is read once, as long as it is of honest size.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Final, TypeVar

from model.caching.size_bounded_cache import SizeBoundedCache

_ROOM: Final = 8 * 2**20
"""In bytes, of which twice as many may be in use for each reader."""

_LONGEST: Final = 8192
"""Bytes of a certificate that is worth keeping."""

_IN_OBJECTS: Final = 4
"""How many times its length a certificate takes where what was read are a library's objects."""

Read = TypeVar("Read")


def remembered(read: Callable[[bytes], Read]) -> Callable[[bytes], Read]:
    """``read``, a pure function of one certificate's DER, with such a memory."""
    recent = SizeBoundedCache(_ROOM)

    @wraps(read)
    def reader(der: bytes) -> Read:
        if len(der) > _LONGEST:
            return read(der)
        return recent.of(der, read, der, opaque_bytes=_IN_OBJECTS * len(der))

    return reader
