"""The due queue: keys ordered by due time, each key at most once.

Times are seconds on a monotonic clock. Among due keys the groups take turns, so that none starves another.
Within a group the lowest rank comes first, and within a rank the key that has been due longest; but every fourth
turn goes to a higher rank, so that a stream of new keys does not starve old ones. Obsolete entries of moved or
removed keys stay in the heaps until they reach the top or outnumber the valid ones.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

Key = TypeVar("Key", bound=Hashable)
Entry: TypeAlias = tuple[float, int, Key]
"""(due time, sequence number, key)"""

_FOR_HIGHER_RANKS: Final = 4
_RIPENED_AT_ONCE: Final = 100
"""At the start, every key of a large inventory is due: no call takes the time to move all of them."""
_FEW: Final = 1_000
"""Up to this number, obsolete entries are not removed."""


class _Valid(NamedTuple):
    """The current entry of a key."""

    put: int
    rank: int
    group: str
    is_ripe: bool


@dataclass(slots=True)
class _Group(Generic[Key]):
    """The due entries of one group, by rank; ``turns`` counts the turns that it has had."""

    turns: int
    by_rank: dict[int, list[Entry[Key]]] = field(default_factory=dict)


class DueQueue(Generic[Key]):
    """Keys in order of due time; keys with equal due times in insertion order.

    Removing one costs time proportional to the number of groups and to the logarithm of the number of keys.
    """

    def __init__(self) -> None:
        self._waiting: list[Entry[Key]] = []
        self._ripe: dict[str, _Group[Key]] = {}
        self._ripe_by_due: list[Entry[Key]] = []
        self._valid: dict[Key, _Valid] = {}
        self._put = 0
        self._ripe_count = 0

    def put(self, key: Key, due: float, *, rank: int = 0, group: str = "") -> None:
        """Schedules ``key`` for ``due``, replacing any earlier due time."""
        self.remove(key)
        self._put += 1
        self._valid[key] = _Valid(self._put, rank, group, is_ripe=False)
        heapq.heappush(self._waiting, (due, self._put, key))
        if len(self._waiting) > 2 * len(self._valid) + _FEW:
            self._waiting = [entry for entry in self._waiting if self._is_newest(entry)]
            heapq.heapify(self._waiting)

    def remove(self, key: Key) -> None:
        """Removes ``key`` if it is in the queue."""
        known = self._valid.pop(key, None)
        if known is not None and known.is_ripe:
            self._ripe_count -= 1

    def pop_due(self, now: float) -> tuple[Key, float] | None:
        """Removes the next key and returns it with its due time; None if no key is due by ``now``."""
        self._ripen(now)
        heads = [
            (self._ripe[name].turns, heap[0], name, heap)
            for name in list(self._ripe)
            if (heap := self._next_of(name)) is not None
        ]
        if not heads:
            return None
        _, (due, _, key), name, heap = min(heads, key=lambda head: (head[0], head[1][:2]))
        heapq.heappop(heap)
        self._ripe[name].turns += 1
        self.remove(key)
        return key, due

    @property
    def next_due(self) -> float | None:
        """The earliest due time, which may be in the past; None if the queue is empty."""
        heads = (self._cleaned(heap) for heap in (self._ripe_by_due, self._waiting))
        return min((heap[0][0] for heap in heads if heap), default=None)

    def count_due(self, now: float) -> int:
        """The number of keys that are due by ``now``."""
        if self._is_ripening(now):
            waiting = (entry for entry in self._waiting if entry[0] <= now)
            return self._ripe_count + sum(map(self._is_newest, waiting))
        return self._ripe_count

    def _is_ripening(self, now: float) -> bool:
        return bool(self._waiting) and self._waiting[0][0] <= now

    def _ripen(self, now: float) -> None:
        """Moves the next entries that are due by ``now`` to their groups."""
        most = self._ripe_count + _RIPENED_AT_ONCE
        while self._ripe_count < most and self._is_ripening(now):
            entry = heapq.heappop(self._waiting)
            if not self._is_newest(entry):
                continue
            known = self._valid[entry[2]]
            self._valid[entry[2]] = known._replace(is_ripe=True)
            self._ripe_count += 1
            heapq.heappush(self._ripe_by_due, entry)
            if known.group not in self._ripe:
                # A group that was empty does not catch up on turns that others took meanwhile.
                turns = min((group.turns for group in self._ripe.values()), default=0)
                self._ripe[known.group] = _Group(turns)
            heapq.heappush(self._ripe[known.group].by_rank.setdefault(known.rank, []), entry)

    def _next_of(self, name: str) -> list[Entry[Key]] | None:
        """The heap with the group's next key; a group without keys is removed."""
        group = self._ripe[name]
        by_rank = {rank: heap for rank, heap in group.by_rank.items() if self._cleaned(heap)}
        if not by_rank:
            del self._ripe[name]
            return None
        lowest, *higher = sorted(by_rank)
        so_manieth, place = divmod(group.turns, _FOR_HIGHER_RANKS)
        if higher and place == _FOR_HIGHER_RANKS - 1:
            return by_rank[higher[so_manieth % len(higher)]]
        return by_rank[lowest]

    def _cleaned(self, heap: list[Entry[Key]]) -> list[Entry[Key]]:
        """The heap without obsolete entries at its top."""
        while heap and not self._is_newest(heap[0]):
            heapq.heappop(heap)
        return heap

    def _is_newest(self, entry: Entry[Key]) -> bool:
        known = self._valid.get(entry[2])
        return known is not None and known.put == entry[1]
