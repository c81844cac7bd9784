"""How long a process was ready to run and the machine was busy with others: that time is not its own fault.

Linux counts it for each thread, in nanoseconds: the second field of ``schedstat``, see sched-stats in the kernel's
documentation. Where one thread waits so with the interpreter's lock, the others wait for it, so all threads count.
"""

from __future__ import annotations

from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(slots=True, kw_only=True)
class Starvation:
    """The waits of one process, as they were when it was looked at; times are seconds of the monotonic clock."""

    process_id: int
    _threads: dict[str, float] = field(default_factory=dict)
    _moments: list[float] = field(default_factory=list)
    _waits: list[float] = field(default_factory=list)

    def look(self, now: float) -> None:
        """Note how long its threads have waited until now; those that have ended count on."""
        for file in Path(f"/proc/{self.process_id}/task").glob("*/schedstat"):
            with suppress(OSError):
                # The thread, or the process, may have ended.
                self._threads[file.parent.name] = int(file.read_text().split()[1]) / 1e9
        self._moments.append(now)
        self._waits.append(sum(self._threads.values()))

    def own_seconds(self, began: float, ended: float) -> float:
        """How much of this span the process could have used."""
        return max(0.0, ended - began - (self._waited_until(ended) - self._waited_until(began)))

    def _waited_until(self, moment: float) -> float:
        looks = bisect_right(self._moments, moment)
        return self._waits[looks - 1] if looks else 0.0
