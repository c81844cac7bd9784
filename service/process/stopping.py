"""Stops this process at SIGTERM or SIGINT, whatever it does: within ten seconds it has ended.

One C call can hold Python's lock for hours, and then no signal handler of Python runs. So the signals are also
passed on, by a handler in C, to a small process of their own (``service.process.stop_guard``), which ends this one with
the code 12 where it has not ended 9.5 s later.
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

_LOG = structlog.stdlib.get_logger("tlsprobe")


@contextmanager
def stopping_signals() -> Iterator[asyncio.Event]:
    """An event that SIGTERM or SIGINT sets; a second one ends the process at once.

    Within ten seconds the process has ended, whatever it does then.
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
