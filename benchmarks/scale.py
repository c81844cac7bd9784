"""What does a fleet of any size cost? Its visits pass through schedulers, workers and databases, and queue at full ones.

``python -m benchmarks.scale`` simulates hours of verifications, with one enumeration per endpoint and day, for ten
thousand to a hundred million endpoints. Nothing is probed: each station takes its measured time, and jobs queue. A
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
from typing import Final

INTERVAL: Final = 3600.0
HOURS: Final = 6
JOB: Final = 50
"""Visits per job, as in ``workers.probes_per_job``."""

SCHEDULER_SECONDS: Final = 0.005
DATABASE_SECONDS: Final = 0.012
"""CPU seconds per visit: ``python -m benchmarks.workers kill``."""

VERIFY_SECONDS: Final = 0.010
ENUMERATE_SECONDS: Final = 0.12
"""CPU seconds of a worker: ``python -m benchmarks.service``, with every check on."""

DATABASE_CORES: Final = 8
DISK_BYTES: Final = 14_300
"""Per endpoint after 90 days: ``python -m benchmarks.storage``."""

CONNECTIONS: Final = {"verify": 9, "enumerate": 65}
"""For a server with TLS 1.2 and 1.3 and two key types, with every check on."""


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


def simulate(shard: Shard, hours: int = HOURS) -> Seen:
    """Every endpoint is due once per hour, at a time from its hash, and once per day for an enumeration."""
    stations = {
        "scheduler": _Station(1),
        "workers": _Station(shard.workers),
        "database": _Station(shard.database_cores),
    }
    delays = []
    for due, visits, enumerations in _jobs(shard.endpoints, hours):
        seconds = {
            "scheduler": visits * SCHEDULER_SECONDS,
            "workers": (visits - enumerations) * VERIFY_SECONDS + enumerations * ENUMERATE_SECONDS,
            "database": visits * DATABASE_SECONDS,
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


def split(endpoints: int, fullest: float) -> tuple[int, Shard]:
    """The number of shards, and each shard, so that no station is busier than ``fullest``."""
    a_second = fullest * INTERVAL
    most = min(a_second / SCHEDULER_SECONDS, DATABASE_CORES * a_second / DATABASE_SECONDS)
    shards = math.ceil(endpoints / most)
    each = math.ceil(endpoints / shards)
    return shards, Shard(endpoints=each, workers=_workers(each, fullest))


def _workers(endpoints: int, fullest: float) -> int:
    an_hour = endpoints * (VERIFY_SECONDS * 23 + ENUMERATE_SECONDS) / 24
    return max(1, math.ceil(an_hour / INTERVAL / fullest))


def main(arguments: Sequence[str] | None = None) -> None:
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
    print(
        f"{'endpoints':>11} {'shards':>6} {'workers':>8} {'scheduler':>9} {'worker':>7}"
        f" {'database':>8} {'99 % late':>10} {'disk':>9} {'connections':>12}   on one shard"
    )
    for endpoints in wanted.endpoints:
        shards, shard = split(endpoints, wanted.fullest)
        seen = simulate(shard)
        alone = simulate(
            Shard(endpoints=endpoints, workers=_workers(endpoints, wanted.fullest)), hours=1
        )
        fate = "in time" if alone.is_punctual else f"{alone.last / 60:,.0f} min late after an hour"
        a_second = endpoints * (CONNECTIONS["verify"] + CONNECTIONS["enumerate"] / 24) / INTERVAL
        print(
            f"{endpoints:11,} {shards:6,} {shards * shard.workers:8,}"
            f" {seen.busy['scheduler']:9.0%} {seen.busy['workers']:7.0%} {seen.busy['database']:8.0%}"
            f" {seen.late:8.2f} s {endpoints * DISK_BYTES / 10**9:6,.0f} GB {a_second:10,.0f}/s   {fate}"
        )


if __name__ == "__main__":
    main()
