"""The runtime environment of the program: threads that share their heaps."""

from __future__ import annotations

import gc
import subprocess
import sys

from service.process.event_loop import run
from service.process.garbage import collect_rarely

HEAP = 64 * 2**20
"""All heaps of glibc except the first begin at multiples of this many bytes."""

PROGRAM = f"""
import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from service.process.event_loop import run_service

together = Barrier(12)

def work():
    kept = [bytes(2000) for _ in range(2000)]
    together.wait()
    return kept

async def main():
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(12) as threads:
        kept = await asyncio.gather(*(loop.run_in_executor(threads, work) for _ in range(12)))
    maps = [line.split() for line in Path("/proc/self/maps").read_text().splitlines()]
    starts = [int(place[0].split("-")[0], 16) for place in maps if place[1] == "rw-p" and len(place) == 5]
    print(sum(start % {HEAP} == 0 for start in starts))
    return len(kept)

run_service(main())
"""


def test_python_looks_for_garbage_rarely_until_the_work_begins() -> None:
    async def thresholds() -> tuple[int, int, int]:
        return gc.get_threshold()

    usual = gc.get_threshold()
    collect_rarely()
    try:
        assert gc.get_threshold()[0] > 100 * usual[0]
        assert run(thresholds()) == usual
        assert gc.get_freeze_count() > 0
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


def test_a_dozen_threads_share_two_heaps() -> None:
    heaps = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    ).stdout
    assert int(heaps) <= 1  # in addition to the first, which begins where the program ends
