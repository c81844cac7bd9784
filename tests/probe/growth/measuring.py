"""The cost of a reader: the number of Python lines it runs, which is exact, and CPU time, which is not."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final, TypeAlias

import pytest

GROWTH: Final = 8
"""The length of the second input relative to the first."""

SHORT: Final = 2**10
LONG: Final = SHORT * GROWTH

_REPEATS: Final = 4
_ROUNDS: Final = 6
_NEGLIGIBLE_SECONDS: Final = 0.002

Run: TypeAlias = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Row:
    """A reader with one kind of input; ``prepare`` creates both, for an input of about the given number of bytes.

    The result of ``prepare`` is called once. ``covers`` is the name of the class or function that reads.
    """

    covers: str
    name: str
    prepare: Callable[[int], Run]


def lines_of(run: Run) -> int:
    """The number of Python lines that it runs."""
    count = 0

    def trace(_frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
    return count


def seconds_of(row: Row, length: int) -> float:
    """The lowest CPU time of a few runs."""
    taken = []
    for _ in range(_REPEATS):
        run = row.prepare(length)
        before = time.thread_time()
        run()
        taken.append(time.thread_time() - before)
    return min(taken)


def assert_linear(row: Row) -> None:
    """Eight times the input costs about eight times as much; quadratic cost would be 64 times.

    Lines of Python are exact. Time shows the work of C code (regular expressions, copies of buffers), and is
    not compared if the longer input costs next to nothing. A busy machine only adds time, so the lowest of a few
    rounds counts, and more rounds are run only while they look quadratic.
    """
    short, long = lines_of(row.prepare(SHORT)), lines_of(row.prepare(LONG))
    assert long <= 1.5 * GROWTH * short, f"{short} lines for {SHORT} bytes, {long} for {LONG}"
    slow = quick = math.inf
    for _ in range(_ROUNDS):
        slow = min(slow, seconds_of(row, LONG))
        if slow <= _NEGLIGIBLE_SECONDS:
            return
        quick = min(quick, seconds_of(row, SHORT))
        if slow <= 3 * GROWTH * quick:
            return
    pytest.fail(f"{quick} s for {SHORT} bytes, {slow} s for {LONG}")
