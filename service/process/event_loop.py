"""Runs the program's coroutine, and does not wait at the end for threads without a purpose.

The system's resolver runs in threads that cannot be interrupted: a look-up at a silent server occupies
its thread for half a minute, and asyncio would wait for it, long after the service should have stopped.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, Final, TypeVar

from service.process.garbage import collect_as_usual

T = TypeVar("T")

_M_ARENA_MAX: Final = -8
"""The parameter of glibc's ``mallopt(3)`` that limits the number of heaps."""

_HEAPS: Final = 2


def run(main: Coroutine[Any, Any, T]) -> T:
    """Return the result of ``main``, without waiting for threads that are still looking up names.

    Python waits for these threads too, unless the process ends with ``os._exit``.
    """
    collect_as_usual()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_run_alone(main))


def run_service(main: Coroutine[Any, Any, T]) -> T:
    """As ``run``, in a process that runs for months: its threads share their heaps.

    glibc would give each thread a heap, up to eight per core, and memory that one thread frees is not available
    to the others: memory would only grow.
    """
    _keep_few_heaps()
    return run(main)


def _keep_few_heaps() -> None:
    """Only glibc has these heaps; other C libraries of Linux have no ``mallopt``."""
    import ctypes

    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)):
        mallopt(_M_ARENA_MAX, _HEAPS)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, which halves the time for a connection; asyncio's own loop if uvloop is not installed."""
    try:
        uvloop = import_module("uvloop")
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


async def _run_alone(main: Coroutine[Any, Any, T]) -> T:
    try:
        return await main
    finally:
        # asyncio shuts down its current executor at the end: give it one without work.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max_workers=1))
