"""A size-bounded two-generation cache: recently used values by key, without a clock."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar
from weakref import WeakSet

from model.caching.weight import weight

Value = TypeVar("Value")

_ENTRY_BYTES = 128
"""Bytes that the mapping itself needs for one entry."""


class SizeBoundedCache:
    """Values by key, which together take at most twice ``room`` bytes.

    When the values used since the last rotation fill the room, all others are dropped. A value larger than
    an eighth of the room is not stored: a few large values would evict all others. Threads may use the cache
    concurrently; in the worst case two of them compute the same value.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._left = room
        self._newer: dict[Hashable, tuple[Any, int]] = {}
        self._older: dict[Hashable, tuple[Any, int]] = {}
        self._older_bytes = 0
        _CACHES.add(self)

    @property
    def held_bytes(self) -> int:
        """The size of all stored values, as estimated by ``model.caching.weight``."""
        return self._room - self._left + self._older_bytes

    def of(
        self,
        key: Hashable,
        make: Callable[..., Value],
        *arguments: object,
        opaque_bytes: int = 0,
        most_bytes: int | None = None,
    ) -> Value:
        """The value of ``key``: the stored one, or else ``make(*arguments)``.

        ``opaque_bytes`` is the part of the value's size that ``model.caching.weight`` cannot see; ``most_bytes``
        is an upper bound for key and value, for a caller that knows one without measuring.
        """
        if (known := self._newer.get(key)) is not None:
            found: Value = known[0]
            return found
        entry = self._older.pop(key, None)
        if entry is not None:
            self._older_bytes -= entry[1]
        else:
            made = make(*arguments)
            size = weight((key, made)) + opaque_bytes if most_bytes is None else most_bytes
            entry = made, size + _ENTRY_BYTES
        value: Value = entry[0]
        if entry[1] * 8 > self._room:
            return value
        if entry[1] > self._left:
            self._older, self._older_bytes = self._newer, self._room - self._left
            self._newer, self._left = {}, self._room
        self._newer[key] = entry
        self._left -= entry[1]
        return value


_CACHES: Final[WeakSet[SizeBoundedCache]] = WeakSet()


def cached_bytes() -> int:
    """The size of what all caches of this process hold."""
    return sum(cache.held_bytes for cache in tuple(_CACHES))
