"""What is due, and when: a queue of keys by due time, each key in it at most once.

Moments are seconds on a monotonic clock. Of what is due, a lower rank goes first; within a rank the groups
take turns, so that none starves another, and within a group the longest due is first. Old entries of a key
that was moved or removed stay in the heaps until they surface, and are passed over then.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from typing import Generic, NamedTuple, TypeVar

Key = TypeVar("Key", bound=Hashable)


class _Valid(NamedTuple):
    """The newest entry of a key."""

    put: int
    rank: int
    group: str
    is_ripe: bool


class Agenda(Generic[Key]):
    """Keys in the order in which they are due; those due at one moment in the order put in.

    Taking one costs time in proportion to the number of groups, and to the logarithm of the keys'.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[float, int, Key]] = []
        self._ripe: dict[str, list[tuple[int, float, int, Key]]] = {}
        self._ripe_by_due: list[tuple[float, int, Key]] = []
        self._valid: dict[Key, _Valid] = {}
        self._turns: dict[str, int] = {}
        self._put = 0
        self._ripe_count = 0

    def put(self, key: Key, due: float, *, rank: int = 0, group: str = "") -> None:
        """Makes ``key`` due at ``due``, whenever it was due before."""
        self.remove(key)
        self._put += 1
        self._valid[key] = _Valid(self._put, rank, group, is_ripe=False)
        heapq.heappush(self._waiting, (due, self._put, key))

    def remove(self, key: Key) -> None:
        """Forgets ``key``, if it is there."""
        known = self._valid.pop(key, None)
        if known is not None and known.is_ripe:
            self._ripe_count -= 1

    def pop_due(self, now: float) -> Key | None:
        """Takes out the key whose turn it is, or None where none is due by ``now``."""
        self._ripen(now)
        heads = [
            (heap[0][0], self._turns[group], heap[0][1:3], group)
            for group in list(self._ripe)
            if (heap := self._cleaned(group))
        ]
        if not heads:
            return None
        _, turn, _, group = min(heads)
        _, _, _, key = heapq.heappop(self._ripe[group])
        self._turns[group] = turn + 1
        self.remove(key)
        return key

    @property
    def next_due(self) -> float | None:
        """When the first key is due, or has been; None where there is none."""
        dues = []
        for heap in (self._ripe_by_due, self._waiting):
            while heap and not self._is_newest(heap[0][2], heap[0][1]):
                heapq.heappop(heap)
            if heap:
                dues.append(heap[0][0])
        return min(dues, default=None)

    def count_due(self, now: float) -> int:
        """How many keys are due by ``now``."""
        self._ripen(now)
        return self._ripe_count

    def _ripen(self, now: float) -> None:
        """Moves what is due by ``now`` to its group."""
        while self._waiting and self._waiting[0][0] <= now:
            due, put, key = heapq.heappop(self._waiting)
            if not self._is_newest(key, put):
                continue
            known = self._valid[key]
            self._valid[key] = known._replace(is_ripe=True)
            self._ripe_count += 1
            heapq.heappush(self._ripe_by_due, (due, put, key))
            if known.group not in self._ripe:
                # Who was away does not catch up on the turns of those who waited.
                self._turns[known.group] = min(
                    (self._turns[group] for group in self._ripe), default=0
                )
                self._ripe[known.group] = []
            heapq.heappush(self._ripe[known.group], (known.rank, due, put, key))

    def _cleaned(self, group: str) -> list[tuple[int, float, int, Key]]:
        """The group's keys, without old entries at its head; a group without any is forgotten."""
        heap = self._ripe[group]
        while heap and not self._is_newest(heap[0][3], heap[0][2]):
            heapq.heappop(heap)
        if not heap:
            del self._ripe[group], self._turns[group]
        return heap

    def _is_newest(self, key: Key, put: int) -> bool:
        known = self._valid.get(key)
        return known is not None and known.put == put
