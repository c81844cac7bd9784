"""What do a million targets cost: loading from a file, scheduling, and picking the next due one?

Run ``python -m benchmarks.schedule [TARGETS]``. Nothing is probed. Each size runs in its own process, so that its
memory is measured separately; the pick time is shown for sizes that grow tenfold, because it must grow like their
logarithm. Seconds are CPU time.
"""

from __future__ import annotations

import asyncio
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.support.results import Figure, save
from discovery.files.targets_file import read_targets_file
from discovery.merge import merge, sift
from model.target import Target
from pki.net_guard.gate import SocketGate
from scheduling.due_queue import DueQueue
from scheduling.jobs import Probing, SchedulerSettings
from scheduling.scheduler import Scheduler
from tests.scheduling.world import World

MILLION = 1_000_000
PICKS, BATCHES = 2_000, 5


async def _targets(path: Path) -> tuple[Target, ...]:
    return await merge([(await sift(read_targets_file(path).targets, (), SocketGate())).kept])


def measure(count: int, directory: Path) -> dict[str, float]:
    """Loads ``count`` targets from a CSV file into a scheduler; returns seconds, bytes, and seconds per pick."""
    path = directory / "targets.csv"
    with path.open("w") as file:
        file.write("target,team,env\n")
        file.writelines(f"host{n}.example:443,team{n % 50},prod\n" for n in range(count))
    began = time.process_time()
    targets = asyncio.run(_targets(path))
    loaded = time.process_time() - began

    async def schedule() -> float:
        world = World(settings=SchedulerSettings())
        scheduler = Scheduler(
            probing=Probing(visit=world.visit, resolve=world.resolve),
            store=world,
            clock=world.clock,
            settings=world.settings,
            meter=world,
        )
        start = time.process_time()
        await scheduler.set_targets(targets)
        return time.process_time() - start

    scheduled = asyncio.run(schedule())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"load": loaded, "schedule": scheduled, "bytes": peak, "pick": pick_seconds(count)}


def pick_seconds(count: int) -> float:
    """The time to take the next due entry and reschedule it, with ``count`` entries; best of several batches."""
    agenda: DueQueue[int] = DueQueue()
    for number in range(count):
        agenda.put(number, number * 0.001, group=f"source{number % 5}")
    now, best = 0.0, math.inf
    for _ in range(BATCHES):
        start = time.process_time()
        for _ in range(PICKS):
            now += 0.001
            found = agenda.pop_due(now)
            if found is not None:
                agenda.put(found[0], now + 3600.0, group=f"source{found[0] % 5}")
        best = min(best, (time.process_time() - start) / PICKS)
    return best


def main() -> None:
    """Measures each size; in a subprocess, prints one size's figures as JSON."""
    if len(sys.argv) > 2:
        with tempfile.TemporaryDirectory() as directory:
            print(json.dumps(measure(int(sys.argv[2]), Path(directory))))
        return
    most = int(sys.argv[1]) if len(sys.argv) > 1 else MILLION
    print("  targets   load s   schedule s   peak MB   pick µs")
    figures = {}
    for count in (most // 100, most // 10, most):
        command = [sys.executable, "-m", "benchmarks.schedule", "one", str(count)]
        said = subprocess.run(command, check=True, capture_output=True, text=True)
        found: dict[str, Any] = json.loads(said.stdout)
        print(
            f"{count:9d} {found['load']:8.1f} {found['schedule']:12.1f} "
            f"{found['bytes'] / 1e6:9.0f} {found['pick'] * 1e6:9.1f}"
        )
        for what, unit, one in (("load", "s", 1), ("schedule", "s", 1), ("pick", "µs", 1e6)):
            figures[f"{count} targets: {what}"] = Figure(runs=(found[what] * one,), unit=unit)
        figures[f"{count} targets: memory"] = Figure(runs=(found["bytes"] / 1e6,), unit="MB")
    save("schedule", figures)


if __name__ == "__main__":
    main()
