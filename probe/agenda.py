"""What is due, and when: a queue of keys by due time, each key in it at most once.

Moments are seconds on a monotonic clock. Old entries of a key that was moved or removed stay in the
heap until they surface, and are passed over then.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Agenda(Generic[Key]):
    """Keys in the order in which they are due; those due at one moment in the order put in."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Key]] = []
        self._valid: dict[Key, int] = {}
        self._put = 0

    def put(self, key: Key, due: float) -> None:
        """Makes ``key`` due at ``due``, whenever it was due before."""
        self._put += 1
        self._valid[key] = self._put
        heapq.heappush(self._heap, (due, self._put, key))

    def remove(self, key: Key) -> None:
        """Forgets ``key``, if it is there."""
        self._valid.pop(key, None)

    def pop_due(self, now: float) -> Key | None:
        """Takes out the key that has been due longest, or None where none is due by ``now``."""
        first = self.next_due
        if first is None or first > now:
            return None
        _, _, key = heapq.heappop(self._heap)
        del self._valid[key]
        return key

    @property
    def next_due(self) -> float | None:
        """When the first key is due; None where there is none."""
        while self._heap:
            due, put, key = self._heap[0]
            if self._valid.get(key) == put:
                return due
            heapq.heappop(self._heap)
        return None

    def count_due(self, now: float) -> int:
        """How many keys are due by ``now``."""
        return sum(due <= now and self._valid.get(key) == put for due, put, key in self._heap)
