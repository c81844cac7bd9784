"""What the service uses while it soaks, and what grew from the first quarter of the samples to the last."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.support.process_use import resident_bytes

_LEAST_SAMPLES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One sample of the process; ``tasks`` are those of its event loop.

    ``cached`` is the part of its ``resident`` memory that its caches hold, as it says itself.
    """

    resident: int
    cached: int
    descriptors: int
    threads: int
    tasks: int


def usage(pid: int, page: str) -> Usage:
    """The process ``pid`` now; ``page`` is its page of metrics."""
    status = Path(f"/proc/{pid}/status").read_text()
    return Usage(
        resident=resident_bytes(pid),
        descriptors=len(os.listdir(f"/proc/{pid}/fd")),
        threads=int(_found(r"^Threads:\s+(\d+)$", status)),
        cached=_number("tlsprobe_cached_bytes", page),
        tasks=_number("tlsprobe_tasks", page),
    )


def _number(metric: str, page: str) -> int:
    return int(float(_found(rf"^{metric} (\S+)$", page)))


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise ValueError(f"nothing in the text matches {pattern}")
    return found[1]


def growth(samples: Sequence[Usage], memory_limit: float, spare: int = 0) -> Iterator[str]:
    """One sentence for each thing that grew: memory by more than the fraction ``memory_limit``, others by ``spare``.

    Each new certificate fills the caches further, up to their limits, so memory counts without them. Visits in flight
    use descriptors and tasks of their own, so the smallest numbers are compared: those between visits.
    """
    if len(samples) < _LEAST_SAMPLES:
        yield f"only {len(samples)} samples were taken after the warm-up: soak for longer"
        return
    quarter = len(samples) // 4
    first, last = samples[:quarter], samples[-quarter:]
    before, after = (median(one.resident - one.cached for one in part) for part in (first, last))
    if after > before * (1 + memory_limit):
        yield (
            f"memory without caches grew from {before / 1e6:.0f} to {after / 1e6:.0f} MB, "
            f"by more than {memory_limit:.0%}"
        )
    for name in ("descriptors", "threads", "tasks"):
        least, least_last = (min(getattr(one, name) for one in part) for part in (first, last))
        if least_last > least + spare:
            yield f"{name} grew from {least} to {least_last}"
