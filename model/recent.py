"""What was asked for not long ago, in bounded room: a value by its key, and no use of a clock."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

Value = TypeVar("Value")


class Recent:
    """Values by keys, whose sizes add up to twice ``room`` at most.

    When what was asked for since the last time fills the room, what was not is forgotten. Threads may
    ask at once: at worst both make the same value.
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self._left = room
        self._newer: dict[Hashable, Any] = {}
        self._older: dict[Hashable, Any] = {}

    def of(self, key: Hashable, size: int, make: Callable[..., Value], *arguments: object) -> Value:
        """The value of ``key``, which is ``make(*arguments)`` where it is not known."""
        if key in (newer := self._newer):
            found: Value = newer[key]
            return found
        older = self._older
        value: Value = older[key] if key in older else make(*arguments)
        newer[key] = value
        self._left -= size
        if self._left < 0:
            self._older, self._newer, self._left = self._newer, {}, self._room
        return value
