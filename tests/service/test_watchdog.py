"""Real processes that hang while they hold Python's lock, or that ignore a request to end."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.integration, pytest.mark.process]

PROGRAM = '''
import asyncio, ctypes, sys
from service.process.event_loop import run
from service.process.stopping import stopping_signals
from service.watchdog.watchdog import watched_loop

def hold_python_s_lock():
    """A PyDLL's function keeps the lock, and the second lock of a mutex never returns, whatever signals come."""
    lock, mutex = ctypes.PyDLL(None).pthread_mutex_lock, ctypes.create_string_buffer(64)
    lock(mutex)
    lock(mutex)

async def main(deed, seconds):
    with stopping_signals() as stop:
        async with watched_loop(seconds):
            print(type(asyncio.get_running_loop()).__module__, flush=True)
            if deed == "freezes":
                hold_python_s_lock()
            await stop.wait()
            if deed == "lingers":
                await asyncio.sleep(600)

run(main(sys.argv[1], float(sys.argv[2])))
'''
LOOPS = {"uvloop": "", "asyncio": "import sys; sys.modules['uvloop'] = None\n"}


def start(deed: str, seconds: float, loop: str = "uvloop") -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", LOOPS[loop] + PROGRAM, deed, str(seconds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith(loop)
    return process


@pytest.mark.parametrize("loop", LOOPS)
def test_a_blocked_loop_ends_its_process_and_reports_where_it_was(loop: str) -> None:
    process = start("freezes", 2, loop)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "in main" in said


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("deed", ["freezes", "lingers"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_always_ends_it_within_ten_seconds(
    deed: str, loop: str, number: signal.Signals
) -> None:
    process = start(deed, 600, loop)
    process.send_signal(number)
    # A minute allows for a busy machine: every case takes ten seconds.
    _, said = process.communicate(timeout=60)
    assert process.returncode == signal.SIGUSR2
    assert "did not stop within 9.5 s" in said
    assert "in <module>" in said, "the whole stack is there"


def test_a_loop_that_keeps_running_is_left_alone_and_stops_at_once() -> None:
    process = start("waits", 1)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(3)
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_watchdog_ends_with_its_process(number: signal.Signals) -> None:
    process = start("waits", 600)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    [guard] = children.read_text().split()
    ended = os.pidfd_open(int(guard))
    process.send_signal(number)
    process.communicate(timeout=60)
    assert select.select([ended], [], [], 60) == ([ended], [], [])
    os.close(ended)
