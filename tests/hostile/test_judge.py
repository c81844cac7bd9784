"""The judge itself is tested: it detects an existing stall, and none in a wait."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time

import pytest

from tests.hostile.judge import MOST_STALL_SECONDS, Cost, heartbeat, resident_megabytes
from tests.hostile.starvation import Starvation

pytestmark = pytest.mark.slow


def burn(seconds: float) -> None:
    """Holds the interpreter for ``seconds`` of this thread's CPU time."""
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pow(3, 2**4000 - 1, 2**4001 - 1)


async def test_work_on_the_loop_is_a_stall() -> None:
    async with heartbeat() as heart:
        await asyncio.sleep(0.05)
        burn(0.4)
    assert heart.stall >= MOST_STALL_SECONDS


async def test_one_long_step_of_a_thread_that_holds_the_interpreter_is_a_stall() -> None:
    async with heartbeat() as heart:
        await asyncio.sleep(0.05)
        await asyncio.to_thread(pow, 3, 2**6_000 - 1, 2**6_001 - 1)
    assert heart.stall >= MOST_STALL_SECONDS


async def test_a_wait_is_not_a_stall() -> None:
    async with heartbeat() as heart:
        await asyncio.sleep(0.05)
        time.sleep(0.4)  # noqa: ASYNC251 - the machine does the same to us when it is busy.
    assert heart.gap >= 0.35
    assert heart.lost >= 0.35
    assert heart.stall < MOST_STALL_SECONDS


def test_memory_in_use_counts_and_freed_memory_does_not() -> None:
    before = resident_megabytes()
    held = b"a" * (64 * 2**20)
    assert resident_megabytes() - before > 60
    del held
    assert resident_megabytes() - before < 10


def test_every_limit_is_judged() -> None:
    good = Cost(stall=0.2, gap=9, processor=4.9, wall=5.4, lost=2, memory=19, outcome="")
    assert good.exceeded_limits(2.5) == []
    bad = Cost(stall=0.3, gap=0.3, processor=5.1, wall=3.6, lost=0, memory=21, outcome="")
    assert len(bad.exceeded_limits(2.5)) == 4


def test_waiting_for_a_busy_processor_is_starvation() -> None:
    one_processor = str(min(os.sched_getaffinity(0)))
    endless = ["taskset", "-c", one_processor, sys.executable, "-c", "while True: pass"]
    with subprocess.Popen(endless) as starved, subprocess.Popen(endless) as other:
        starvation = Starvation(process_id=starved.pid)
        began = ended = time.monotonic()
        starvation.look(began)
        while ended - began - starvation.own_seconds(began, ended) < 0.2:
            time.sleep(0.01)
            ended = time.monotonic()
            starvation.look(ended)
        for process in (starved, other):
            process.kill()


def test_waiting_for_an_event_is_not_starvation() -> None:
    with subprocess.Popen(["sleep", "60"]) as asleep:
        starvation = Starvation(process_id=asleep.pid)
        starvation.look(10.0)
        starvation.look(20.0)
        asleep.kill()
    assert starvation.own_seconds(10.0, 20.0) > 9.0
