"""What does a fleet of any size cost? Its visits pass through schedulers, workers and databases, and queue at full ones.

``python -m benchmarks.scale`` simulates hours of verifications, with one enumeration per endpoint and day, for ten
thousand to a hundred million endpoints. Nothing is probed: each station takes its measured time, which is that of the
newest run of ``python -m benchmarks.million`` if there is one, and jobs queue. A
fleet is split into as many shards (each a scheduler with its own database and workers) as are needed to keep every
station below ``--fullest``. For comparison, the last column shows the same fleet on one shard.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

from benchmarks.support.results import RESULTS, saved

INTERVAL: Final = 3600.0
HOURS: Final = 6
JOB: Final = 50
"""Visits per job, as in ``workers.probes_per_job``."""

DATABASE_CORES: Final = 8
DISK_BYTES: Final = 14_300
"""Per endpoint after 90 days: ``python -m benchmarks.storage``."""

CONNECTIONS: Final = {"verify": 9, "enumerate": 65}
"""For a server with TLS 1.2 and 1.3 and two key types, with every check on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seconds:
    """Of a core, for one visit. The last is a worker's for an enumeration: ``python -m benchmarks.service``."""

    scheduler: float = 0.005
    database: float = 0.012
    verify: float = 0.010
    enumerate: float = 0.12


def measured(directory: Path = RESULTS) -> Seconds:
    """By the newest run of ``benchmarks.million``; older measurements if there is none."""
    runs = [one.figures for one in saved(directory) if one.benchmark == "million"]
    if not runs:
        return Seconds()
    found = {name.partition(": ")[2]: figure.runs[0] / 1000 for name, figure in runs[-1].items()}
    return Seconds(
        scheduler=found["scheduler, a visit"],
        database=found["PostgreSQL, a visit"],
        verify=found["worker, a visit"],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """One scheduler's part of the fleet, and its number of cores."""

    endpoints: int
    workers: int
    database_cores: int = DATABASE_CORES


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The result for a shard.

    ``busy`` is the fraction of its time that each station worked; ``late`` is the 99th percentile of the jobs' delay in
    seconds, ``last`` the delay of the last job: if that is higher, a backlog grows.
    """

    busy: dict[str, float]
    late: float
    last: float

    @property
    def is_punctual(self) -> bool:
        """Whether 99 of 100 visits end within a twentieth of the interval after they were due."""
        return self.late <= INTERVAL / 20


class _Station:
    """A number of cores that take jobs in order of arrival."""

    def __init__(self, cores: int) -> None:
        self._free_at = [0.0] * cores
        self._cores = cores
        self._worked = 0.0

    def take(self, at: float, seconds: float) -> float:
        """When a job that arrives ``at`` that time is done."""
        done = max(at, heapq.heappop(self._free_at)) + seconds
        heapq.heappush(self._free_at, done)
        self._worked += seconds
        return done

    def busy(self, until: float) -> float:
        return self._worked / self._cores / until


def simulate(shard: Shard, a_visit: Seconds, hours: int = HOURS) -> Seen:
    """Every endpoint is due once per hour, at a time from its hash, and once per day for an enumeration."""
    stations = {
        "scheduler": _Station(1),
        "workers": _Station(shard.workers),
        "database": _Station(shard.database_cores),
    }
    delays = []
    for due, visits, enumerations in _jobs(shard.endpoints, hours):
        seconds = {
            "scheduler": visits * a_visit.scheduler,
            "workers": (visits - enumerations) * a_visit.verify + enumerations * a_visit.enumerate,
            "database": visits * a_visit.database,
        }
        at = due
        for name, station in stations.items():
            at = station.take(at, seconds[name])
        delays.append(at - due - sum(seconds.values()))
    end = hours * INTERVAL
    return Seen(
        busy={name: station.busy(end) for name, station in stations.items()},
        late=sorted(delays)[math.ceil(0.99 * len(delays)) - 1],
        last=delays[-1],
    )


def _jobs(endpoints: int, hours: int) -> Iterator[tuple[float, int, int]]:
    """Each job's due time, its number of visits, and how many of these enumerate."""
    dice = random.Random(endpoints)
    moments = sorted(dice.uniform(0, INTERVAL) for _ in range(math.ceil(endpoints / JOB)))
    enumerated = 0.0
    for hour, (number, moment) in product(range(hours), enumerate(moments)):
        visits = min(JOB, endpoints - number * JOB)
        before, enumerated = enumerated, enumerated + visits / 24
        yield hour * INTERVAL + moment, visits, int(enumerated) - int(before)


def split(endpoints: int, fullest: float, a_visit: Seconds) -> tuple[int, Shard]:
    """The number of shards, and each shard, so that no station is busier than ``fullest``."""
    a_second = fullest * INTERVAL
    most = min(a_second / a_visit.scheduler, DATABASE_CORES * a_second / a_visit.database)
    shards = math.ceil(endpoints / most)
    each = math.ceil(endpoints / shards)
    return shards, Shard(endpoints=each, workers=_workers(each, fullest, a_visit))


def _workers(endpoints: int, fullest: float, a_visit: Seconds) -> int:
    an_hour = endpoints * (a_visit.verify * 23 + a_visit.enumerate) / 24
    return max(1, math.ceil(an_hour / INTERVAL / fullest))


def main(arguments: Sequence[str] | None = None, a_visit: Seconds | None = None) -> None:
    """Prints a line for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--fullest",
        type=float,
        default=0.7,
        help="maximum busy fraction of a station (default 0.7)",
    )
    parser.add_argument(
        "--endpoints", type=int, nargs="+", default=[10**power for power in range(4, 9)]
    )
    wanted = parser.parse_args(arguments)
    a_visit = a_visit or measured()
    print(
        f"{1000 * a_visit.scheduler:.1f} ms of a scheduler, {1000 * a_visit.database:.1f} ms of a database, "
        f"{1000 * a_visit.verify:.1f} ms of a worker for a verification, {1000 * a_visit.enumerate:.0f} ms "
        "for an enumeration"
    )
    print(
        f"{'endpoints':>11} {'shards':>6} {'workers':>8} {'scheduler':>9} {'worker':>7}"
        f" {'database':>8} {'99 % late':>10} {'disk':>9} {'connections':>12}   on one shard"
    )
    for endpoints in wanted.endpoints:
        shards, shard = split(endpoints, wanted.fullest, a_visit)
        seen = simulate(shard, a_visit)
        workers = _workers(endpoints, wanted.fullest, a_visit)
        alone = simulate(Shard(endpoints=endpoints, workers=workers), a_visit, hours=1)
        fate = "in time" if alone.is_punctual else f"{alone.last / 60:,.0f} min late after an hour"
        a_second = endpoints * (CONNECTIONS["verify"] + CONNECTIONS["enumerate"] / 24) / INTERVAL
        print(
            f"{endpoints:11,} {shards:6,} {shards * shard.workers:8,}"
            f" {seen.busy['scheduler']:9.0%} {seen.busy['workers']:7.0%} {seen.busy['database']:8.0%}"
            f" {seen.late:8.2f} s {endpoints * DISK_BYTES / 10**9:6,.0f} GB {a_second:10,.0f}/s   {fate}"
        )


if __name__ == "__main__":
    main()
