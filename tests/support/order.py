"""In which order the tests of a run stand, so that no worker is left with a long one at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def long_ones_first(tests: Sequence[T], are_long: Sequence[bool], workers: int) -> list[T]:
    """The tests with the long ones at the heads of the workers' shares, and else in the order in which they stand.

    pytest-xdist's ``worksteal`` gives each worker one share to begin with: what is left of the tests, divided by
    the workers that have none yet, rounded down.
    """
    marked = list(zip(tests, are_long, strict=True))
    long = [test for test, is_long in marked if is_long]
    short = [test for test, is_long in marked if not is_long]
    ordered: list[T] = []
    for left in range(workers, 0, -1):
        share = (len(long) + len(short)) // left
        head = min(share, max(-(-len(long) // left), share - len(short)))
        ordered += [*long[:head], *short[: share - head]]
        long, short = long[head:], short[share - head :]
    return ordered
