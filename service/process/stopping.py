"""Stops this process at SIGTERM or SIGINT: it ends within ten seconds, whatever it is doing.

One C call can hold Python's lock for hours, and then no Python signal handler runs. So a handler in C also
forwards the signals to a small separate process (``service.process.stop_guard``), which ends this process with exit
code 12 if it has not stopped after 9.5 s.
"""

from __future__ import annotations

import asyncio
import ctypes
import faulthandler
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

import structlog

from service.process import stop_guard

GRACE_SECONDS: Final = 5.0
"""For visits in progress when the process stops; the database and HTTP get the rest of the ten seconds."""

_LOG = structlog.stdlib.get_logger("tlsprobe")


@contextmanager
def stopping_signals() -> Iterator[asyncio.Event]:
    """An event that SIGTERM or SIGINT sets; a second signal ends the process at once.

    The process ends within ten seconds of the signal, whatever it is doing.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    caught = (signal.SIGTERM, signal.SIGINT)

    def let_go() -> None:
        for number in caught:
            faulthandler.unregister(number)
            loop.remove_signal_handler(number)

    def begin_stop() -> None:
        stop.set()
        let_go()

    for number in caught:
        loop.add_signal_handler(number, begin_stop)
    guard = start_stop_guard(caught)
    try:
        yield stop
    finally:
        let_go()
        if guard is not None and not stop.is_set():
            guard.communicate()


def start_stop_guard(numbers: Sequence[signal.Signals]) -> subprocess.Popen[bytes] | None:
    """Make each of the signals end this process within 9.5 s; their handlers must be installed already.

    The guard ends with this process, or when its standard input is closed. If it cannot be started, the result
    is None and a warning is logged.
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
            "the process that enforces a stop within 10 s of SIGTERM cannot be started",
            reason=str(error),
        )
        return None
    _GUARDS.append(guard)
    assert guard.stdin is not None  # noqa: S101 (a pipe was asked for)
    for number in numbers:
        # All threads: the kernel may deliver the signal to a thread that Python did not start, and nothing would be
        # written for such a thread alone.
        faulthandler.register(number, file=guard.stdin, all_threads=True, chain=True)
    return guard


_GUARDS: Final[list[subprocess.Popen[bytes]]] = []
"""Prevents garbage collection: each guard must outlive the service's last steps; it ends with this process."""


def _exit_at(number: signal.Signals) -> None:
    """Make libc's ``_exit`` the signal's handler: it does not need Python, and it works in the first process of a
    container, where a SIGKILL from inside has no effect (pid_namespaces(7))."""
    libc = ctypes.CDLL(None)
    libc.signal.argtypes = [ctypes.c_int, ctypes.c_void_p]
    libc.signal.restype = ctypes.c_void_p
    libc.signal(number, ctypes.cast(libc._exit, ctypes.c_void_p))
