"""The time during which a process was ready to run while the machine was busy: it is not the process's fault.

Linux counts it for each thread, in nanoseconds: the second field of ``schedstat``, see sched-stats in the
kernel's documentation. If a thread that holds the interpreter's lock waits, the others wait for it, so all
threads count.
"""

from __future__ import annotations

from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True, kw_only=True)
class Starvation:
    """The waiting times of one process at each reading; times are seconds of the monotonic clock."""

    process_id: int
    _threads: dict[str, float] = field(default_factory=dict)
    _moments: list[float] = field(default_factory=list)
    _waits: list[float] = field(default_factory=list)

    def look(self, now: float) -> None:
        """Record how long its threads have waited until now; the waits of ended threads stay included."""
        for file in Path(f"/proc/{self.process_id}/task").glob("*/schedstat"):
            with suppress(OSError):
                # The thread or the process may have ended.
                self._threads[file.parent.name] = int(file.read_text().split()[1]) / 1e9
        self._moments.append(now)
        self._waits.append(sum(self._threads.values()))

    def own_seconds(self, began: float, ended: float) -> float:
        """The part of this span during which the process could run."""
        return max(0.0, ended - began - (self._waited_until(ended) - self._waited_until(began)))

    def _waited_until(self, moment: float) -> float:
        looks = bisect_right(self._moments, moment)
        return self._waits[looks - 1] if looks else 0.0
