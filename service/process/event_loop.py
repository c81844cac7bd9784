"""Runs the program's coroutine, and does not wait at the end for what nobody needs any more.

The system's resolver runs in threads that cannot be interrupted: a look-up whose server is silent
keeps its thread for half a minute, and asyncio would wait for it, long after the service was to stop.

Threads share their heaps: glibc would give each one of its own, up to eight a core, and what one thread frees
is of no use to the next. In a service that lives for months that is memory that only grows.
"""

from __future__ import annotations

import asyncio
import ctypes
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any, Final, TypeVar

T = TypeVar("T")

_M_ARENA_MAX: Final = -8
"""The parameter of glibc's ``mallopt(3)`` that bounds its heaps."""

_HEAPS: Final = 2


def run(main: Coroutine[Any, Any, T]) -> T:
    """What ``main`` returns, without waiting for threads that still look names up.

    Python waits for them too where the process ends in any way but ``os._exit``.
    """
    _keep_few_heaps()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(_run_alone(main))


def _keep_few_heaps() -> None:
    """Only glibc has them, and other C libraries of Linux no ``mallopt`` at all."""
    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)):
        mallopt(_M_ARENA_MAX, _HEAPS)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, which takes half the time for a connection; asyncio's own where it is missing."""
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
        # asyncio shuts down the executor that it has at the end: one that has nothing to do.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(max_workers=1))
