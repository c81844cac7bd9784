"""Ends this process where it has stopped working: where its event loop stands still, or it does not stop.

One C call can hold Python's lock for hours, and then no thread and no signal handler of Python runs. So
nothing here needs that lock. The loop winds a timer of ``faulthandler`` up again and again; where it does not,
a thread in C writes where each thread is to standard error and ends the process with the code 1. Stopping
signals are passed on by a handler in C to a small process of their own (``service.watchdog.stop_guard``), which ends
this one with the code 12 where it has not ended 9.5 s later.
"""

from __future__ import annotations

import asyncio
import ctypes
import faulthandler
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import structlog

from service.watchdog import stop_guard

STANDSTILL_SECONDS: Final = 30.0
"""A process whose event loop has stood still for so long is ended."""

_BEATS_PER_STANDSTILL: Final = 30

_LOG = structlog.stdlib.get_logger("tlsprobe")


@asynccontextmanager
async def watched_loop(standstill_seconds: float | None = None) -> AsyncIterator[None]:
    """As long as the block lasts, a standstill of this event loop ends the process: one of
    ``standstill_seconds``, of 30 s where None."""
    seconds = standstill_seconds or STANDSTILL_SECONDS
    faulthandler.dump_traceback_later(seconds, exit=True)
    beating = asyncio.create_task(_beat(seconds))
    try:
        yield
    finally:
        beating.cancel()
        faulthandler.cancel_dump_traceback_later()


async def _beat(seconds: float) -> None:
    while True:
        faulthandler.dump_traceback_later(seconds, exit=True)
        await asyncio.sleep(seconds / _BEATS_PER_STANDSTILL)


def start_stop_guard(numbers: Sequence[signal.Signals]) -> subprocess.Popen[bytes] | None:
    """From now on any of the signals ends this process within 9.5 s; their handlers are set already.

    The guard ends with this process, and when its standard input is closed. None where it cannot be started,
    with a warning in the log.
    """
    _exit_at(stop_guard.ENDING_SIGNAL)
    try:
        guard = subprocess.Popen(  # noqa: S603 (a program of ours)
            [sys.executable, "-I", "-S", stop_guard.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        _LOG.warning(
            "the process that ends this one within 10 s of SIGTERM cannot be started",
            reason=str(error),
        )
        return None
    _GUARDS.append(guard)
    assert guard.stdin is not None  # noqa: S101 (a pipe was asked for)
    for number in numbers:
        # All threads: the kernel may give the signal to a thread that is none of Python's, and of such a
        # thread alone nothing would be written.
        faulthandler.register(number, file=guard.stdin, all_threads=True, chain=True)
    return guard


_GUARDS: Final[list[subprocess.Popen[bytes]]] = []
"""Never collected: each is to outlive the service's last steps, and ends with this process."""


def _exit_at(number: signal.Signals) -> None:
    """Makes libc's ``_exit`` the signal's handler: it needs nothing of Python's, and works for a container's
    first process, which SIGKILL from inside does not reach (pid_namespaces(7))."""
    libc = ctypes.CDLL(None)
    libc.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    libc.signal.restype = ctypes.c_void_p
    libc.signal(number, ctypes.cast(libc._exit, ctypes.c_void_p))
