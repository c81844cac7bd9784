"""What was asked for not long ago, in bounded room: a value by its key, and no use of a clock."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from model.caching.weight import weight

Value = TypeVar("Value")

_ENTRY_BYTES = 128
"""What the mapping itself takes for an entry."""


class SizeBoundedCache:
    """Values by keys, which together take twice ``room`` bytes at most.

    When what was asked for since the last time fills the room, what was not is forgotten. A value that takes
    more than an eighth of the room is not stored, so that a few large ones do not drive out all others. Threads
    may ask at once: at worst both make the same value.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._left = room
        self._newer: dict[Hashable, tuple[Any, int]] = {}
        self._older: dict[Hashable, tuple[Any, int]] = {}

    @property
    def held_bytes(self) -> int:
        """What all that is stored takes, as ``model.caching.weight`` estimates it."""
        return sum(size for part in (self._newer, self._older) for _, size in part.values())

    def of(
        self,
        key: Hashable,
        make: Callable[..., Value],
        *arguments: object,
        opaque_bytes: int = 0,
        most_bytes: int | None = None,
    ) -> Value:
        """The value of ``key``, which is ``make(*arguments)`` where it is not known.

        ``opaque_bytes`` is what the value takes beyond what ``model.caching.weight`` sees of it; ``most_bytes`` is an
        upper bound of what key and value take, for a caller that knows one without looking.
        """
        if (known := self._newer.get(key)) is not None:
            found: Value = known[0]
            return found
        entry = self._older.get(key)
        if entry is None:
            made = make(*arguments)
            size = weight((key, made)) + opaque_bytes if most_bytes is None else most_bytes
            entry = made, size + _ENTRY_BYTES
        value: Value = entry[0]
        if entry[1] * 8 > self._room:
            return value
        if entry[1] > self._left:
            self._older, self._newer, self._left = self._newer, {}, self._room
        self._newer[key] = entry
        self._left -= entry[1]
        return value
