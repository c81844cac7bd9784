"""A program that ends a process which does not stop when asked to; it uses only the standard library.

Its standard input closes when that process ends. Before that, it receives the traceback that ``faulthandler``
writes at a stopping signal; the traceback starts the timeout.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from typing import Final

STOP_SECONDS: Final = 9.5
ENDING_SIGNAL: Final = signal.SIGUSR2
"""The watched process has ``_exit`` as the handler of this signal; its exit code is then the signal's number."""

_LAST_WORD_SECONDS: Final = 0.2
_STANDARD_INPUT: Final = 0
_MOST_BYTES: Final = 2**16


def main() -> None:
    """Wait until the process that started this one ends, or is asked to stop."""
    parent = os.getppid()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    traceback = bytearray(os.read(_STANDARD_INPUT, _MOST_BYTES))
    if not traceback or _has_ended_within(STOP_SECONDS, traceback):
        return
    where = traceback.decode(errors="replace").strip()
    sys.stderr.write(
        f"tlsprobe: killed, because it did not stop within {STOP_SECONDS} s. It was here:\n{where}\n"
    )
    sys.stderr.flush()
    for last in (ENDING_SIGNAL, signal.SIGKILL):
        if os.getppid() == parent:
            os.kill(parent, last)
        if _has_ended_within(_LAST_WORD_SECONDS, traceback):
            return


def _has_ended_within(seconds: float, traceback: bytearray) -> bool:
    """Whether the standard input closes in that time; what arrives until then is added to ``traceback``."""
    give_up_at = time.monotonic() + seconds
    while (left := give_up_at - time.monotonic()) > 0:
        ready, _, _ = select.select([_STANDARD_INPUT], [], [], left)
        if not ready:
            return False
        piece = os.read(_STANDARD_INPUT, _MOST_BYTES)
        if not piece:
            return True
        if len(traceback) < _MOST_BYTES:
            traceback += piece
    return False


if __name__ == "__main__":
    main()
