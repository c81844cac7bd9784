"""The order of the tests in a run, chosen so that no worker has a long test left at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def long_ones_first(tests: Sequence[T], are_long: Sequence[bool], workers: int) -> list[T]:
    """The tests with the long ones at the heads of the workers' shares, and otherwise in their order.

    pytest-xdist's ``worksteal`` gives each worker one initial share: the remaining tests, divided by the
    number of workers without a share yet, rounded down.
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
