"""Many workers: how fast are they, what do they cost, and is anything lost when they are killed?

``python -m benchmarks.workers speed`` visits a fleet of slow servers with one worker, and then with two: the servers
are slow, so that neither CPU nor database is the limit. ``python -m benchmarks.workers kill`` visits a fleet once
while workers are killed at random, and counts the records in the database; it also prints the cost of an
endpoint's visit for the scheduler, the worker and PostgreSQL.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.support.results import Figure, save
from storage import SqlStore
from tests.service.fleet.processes import Deployment, all_recorded, deployment, until
from tests.service.fleet.simulated import simulated_fleet
from tests.support.postgresql import postgres_server

_FOREVER = 86_400.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One visit to the whole fleet."""

    seconds: float
    leader_cpu: float
    worker_cpu: float
    database_cpu: float
    leader_memory: float
    database_bytes: float
    recorded: Counter[int]
    """The number of endpoints by the number of times that they were recorded."""


def main() -> None:
    """Prints the figures, each with its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["speed", "kill"])
    parser.add_argument("--endpoints", type=int)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--workers", type=int, default=3)
    wanted = parser.parse_args()
    if wanted.what == "speed":
        show_speed(wanted.endpoints or 480)
    else:
        show_kills(wanted.endpoints or 20_000, wanted.kills, wanted.workers)


def show_speed(endpoints: int) -> None:
    """One worker and two, with servers that delay each answer by half a second."""
    rates = []
    for workers in (1, 2):
        with _fleet(endpoints, network=64 + workers, addresses=endpoints, latency=0.5) as (
            deployed,
            keys,
        ):
            deployed.configure(probes_per_job=10, max_concurrent_probes=8)
            run = _visit(deployed, keys, workers)
            rates.append(endpoints / run.seconds)
            print(f"{workers} worker(s): {rates[-1]:.2f} endpoints/s", flush=True)
    print(f"two workers are {rates[1] / rates[0]:.2f} times as fast as one (limit 1.8)")
    save(
        "workers-speed",
        {
            f"{endpoints} endpoints, {workers} workers": Figure(
                runs=(rate,), unit="endpoints/s", more_is_better=True
            )
            for workers, rate in enumerate(rates, start=1)
        },
    )


def show_kills(endpoints: int, kills: int, workers: int) -> None:
    """Visits all endpoints while workers are killed at random, ``kills`` times."""
    with _fleet(endpoints, network=63, addresses=min(endpoints, 5_000), latency=0.1) as (
        deployed,
        keys,
    ):
        deployed.configure(max_concurrent_probes=128)
        run = _visit(deployed, keys, workers, kills)
        visits = sum(times * count for times, count in run.recorded.items())
        print(f"{endpoints} endpoints, {workers} workers, {kills} kills: {run.seconds:.0f} s")
        print(f"recorded once {run.recorded[1]}, never {run.recorded[0]}, ", end="")
        print(f"twice {visits - run.recorded[1]} (limits {endpoints}, 0, 0)")
        figures = {}
        for name, cpu in (
            ("scheduler", run.leader_cpu),
            ("workers", run.worker_cpu),
            ("PostgreSQL", run.database_cpu),
        ):
            a_visit = cpu / endpoints * 1000
            print(f"{name:10} {a_visit:6.2f} ms CPU per visit")
            figures[f"{endpoints} endpoints: {name}, a visit"] = Figure(runs=(a_visit,), unit="ms")
        print(f"scheduler  {run.leader_memory / endpoints / 1000:6.2f} kB of memory per endpoint")
        print(f"database   {run.database_bytes / endpoints / 1000:6.2f} kB per endpoint")
        save("workers-kill", figures)


@contextmanager
def _fleet(
    endpoints: int, *, network: int, addresses: int, latency: float
) -> Iterator[tuple[Deployment, list[str]]]:
    with (
        tempfile.TemporaryDirectory() as name,
        postgres_server() as server,
        server.database() as url,
        simulated_fleet(addresses, network=network, latency_seconds=latency) as fleet,
        deployment(url, Path(name)) as deployed,
    ):
        asyncio.run(_make_tables(url))
        deployed.audit()
        yield deployed, fleet.write_targets(deployed.targets, endpoints)


async def _make_tables(url: str) -> None:
    async with await SqlStore.open(url):
        pass


def _visit(deployed: Deployment, keys: list[str], workers: int, kills: int = 0) -> Run:
    leader = deployed.serve()
    running = [deployed.work() for _ in range(workers)]
    until(lambda: len(deployed.recorded()) >= 10, _FOREVER)
    began = time.monotonic()
    dead_cpu = 0.0
    for number in range(kills):
        goal = len(keys) * number // (kills + 2)
        until(lambda: _visited(deployed) > goal, _FOREVER)  # noqa: B023 (asked at once)
        victim = random.randrange(workers)
        dead_cpu += _cpu([running[victim].pid])
        running[victim].kill()
        running[victim].wait()
        running[victim] = deployed.work()
    until(partial(all_recorded, deployed, keys), _FOREVER)
    seconds = time.monotonic() - began
    until(lambda: deployed.reported(leader) >= len(keys))
    recorded = deployed.recorded()
    return Run(
        seconds=seconds,
        leader_cpu=_cpu([leader.pid]),
        worker_cpu=dead_cpu + _cpu(one.pid for one in running),
        database_cpu=_database_cpu(deployed),
        leader_memory=_memory(leader.pid),
        database_bytes=deployed.rows("SELECT pg_database_size(current_database())")[0][0],
        recorded=Counter(recorded.get(key, 0) for key in keys),
    )


def _visited(deployed: Deployment) -> int:
    rows = deployed.rows("SELECT count(*) FROM audit")
    return int(rows[0][0]) if rows else 0


def _cpu(pids: Iterable[int]) -> float:
    """CPU seconds of the living processes, including their dead children."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(int(field) for field in fields[11:15])
    return total / _TICKS


def _database_cpu(deployed: Deployment) -> float:
    """CPU seconds of the server and all its processes; ended ones are its children."""
    found = deployed.rows("SELECT pid FROM pg_stat_activity")
    server = Path(deployed.rows("SHOW data_directory")[0][0]) / "postmaster.pid"
    postmaster = int(server.read_text().split()[0])
    alive = [pid for (pid,) in found if Path(f"/proc/{pid}/stat").exists()]
    return _cpu([postmaster, *alive])


def _memory(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return float(pages * os.sysconf("SC_PAGE_SIZE"))


if __name__ == "__main__":
    main()
