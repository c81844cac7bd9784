"""What is due, and when: a queue of keys by due time, each key in it at most once.

Moments are seconds on a monotonic clock. Of what is due, the groups take turns, so that none starves
another. Within a group a lower rank goes first and the longest due of a rank before the others; but every
fourth turn is for one of the higher ranks, so that a stream of new keys starves no old one. Old entries of a
key that was moved or removed stay in the heaps until they surface or outnumber the valid ones.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

Key = TypeVar("Key", bound=Hashable)
Entry: TypeAlias = tuple[float, int, Key]
"""When it is due, the how-manieth entry it is, and the key."""

_FOR_HIGHER_RANKS: Final = 4
_FEW: Final = 1_000
"""So many old entries are never worth tidying up."""


class _Valid(NamedTuple):
    """The newest entry of a key."""

    put: int
    rank: int
    group: str
    is_ripe: bool


@dataclass(slots=True)
class _Group(Generic[Key]):
    """What is due of one group, by rank; ``turns`` is how many it has had."""

    turns: int
    by_rank: dict[int, list[Entry[Key]]] = field(default_factory=dict)


class DueQueue(Generic[Key]):
    """Keys in the order in which they are due; those due at one moment in the order put in.

    Taking one costs time in proportion to the number of groups, and to the logarithm of the keys'.
    """

    def __init__(self) -> None:
        self._waiting: list[Entry[Key]] = []
        self._ripe: dict[str, _Group[Key]] = {}
        self._ripe_by_due: list[Entry[Key]] = []
        self._valid: dict[Key, _Valid] = {}
        self._put = 0
        self._ripe_count = 0

    def put(self, key: Key, due: float, *, rank: int = 0, group: str = "") -> None:
        """Makes ``key`` due at ``due``, whenever it was due before."""
        self.remove(key)
        self._put += 1
        self._valid[key] = _Valid(self._put, rank, group, is_ripe=False)
        heapq.heappush(self._waiting, (due, self._put, key))
        if len(self._waiting) > 2 * len(self._valid) + _FEW:
            self._waiting = [entry for entry in self._waiting if self._is_newest(entry)]
            heapq.heapify(self._waiting)

    def remove(self, key: Key) -> None:
        """Forgets ``key``, if it is there."""
        known = self._valid.pop(key, None)
        if known is not None and known.is_ripe:
            self._ripe_count -= 1

    def pop_due(self, now: float) -> tuple[Key, float] | None:
        """Takes out the key whose turn it is, with when it was due; None where none is by ``now``."""
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
        """When the first key is due, or has been; None where there is none."""
        heads = (self._cleaned(heap) for heap in (self._ripe_by_due, self._waiting))
        return min((heap[0][0] for heap in heads if heap), default=None)

    def count_due(self, now: float) -> int:
        """How many keys are due by ``now``."""
        self._ripen(now)
        return self._ripe_count

    def _ripen(self, now: float) -> None:
        """Moves what is due by ``now`` to its group."""
        while self._waiting and self._waiting[0][0] <= now:
            entry = heapq.heappop(self._waiting)
            if not self._is_newest(entry):
                continue
            known = self._valid[entry[2]]
            self._valid[entry[2]] = known._replace(is_ripe=True)
            self._ripe_count += 1
            heapq.heappush(self._ripe_by_due, entry)
            if known.group not in self._ripe:
                # Who was away does not catch up on the turns of those who waited.
                turns = min((group.turns for group in self._ripe.values()), default=0)
                self._ripe[known.group] = _Group(turns)
            heapq.heappush(self._ripe[known.group].by_rank.setdefault(known.rank, []), entry)

    def _next_of(self, name: str) -> list[Entry[Key]] | None:
        """The heap whose first key has the group's next turn; a group without any is forgotten."""
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
        """The heap, without old entries at its head."""
        while heap and not self._is_newest(heap[0]):
            heapq.heappop(heap)
        return heap

    def _is_newest(self, entry: Entry[Key]) -> bool:
        known = self._valid.get(entry[2])
        return known is not None and known.put == entry[1]
