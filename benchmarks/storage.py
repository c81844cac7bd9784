"""How fast visits are kept, how much room they take, and how fast they are found again.

``python -m benchmarks.storage`` writes visits through the real Store to SQLite and to a PostgreSQL that it
starts, changes and findings included, and reads pages and snapshots. Sizes are measured on a fleet that has
lived for 90 days, of whose endpoints one in a hundred changed each day; ``--endpoints`` says how many.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

import psycopg

from benchmarks.observed import BEGAN, INTERVAL, Fleet, scheduled, visit_nginx
from model.query import Selection
from storage import SqlStore
from tests.postgresql import postgres_server

_AT_ONCE: Final = 2000
"""So many callers wait for their visit to be kept at a time."""

_DAYS: Final = 90
_CHANGED_A_DAY: Final = 0.01
_MILLION: Final = 1_000_000


def main() -> None:
    """Prints a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoints", type=int, default=10_000, help="how large the fleet is")
    parser.add_argument(
        "--only", choices=["sqlite", "postgresql"], help="one database instead of both"
    )
    options = parser.parse_args()
    fleet = Fleet(asyncio.run(visit_nginx()))
    for kind in ("sqlite", "postgresql"):
        if options.only in (None, kind):
            with _empty_database(kind) as url:
                asyncio.run(_measure(kind, url, fleet, options.endpoints))


@contextmanager
def _empty_database(kind: str) -> Iterator[str]:
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="tlsprobe-bench-") as directory:
            yield f"sqlite:///{directory}/store.db"
    else:
        with postgres_server() as server, server.database() as url:
            yield url


async def _measure(kind: str, url: str, fleet: Fleet, count: int) -> None:
    def say(what: str, figure: float, unit: str) -> None:
        print(f"{kind:<11} {what:<52} {figure:10.1f} {unit}", flush=True)

    async with await SqlStore.open(url) as store:
        say("new endpoints", await _new(store, fleet, count), "a second")
        rate = await _hour(store, fleet, count)
        say(f"visits of an hour, {_CHANGED_A_DAY:.0%} changing a day", rate, "a second")
        await _live(store, fleet, count)
        grown = await asyncio.to_thread(_size, url)
        say(f"size of {count} endpoints after {_DAYS} days", grown / 2**20, "MiB")
        say("the same for a million, in proportion", grown / count * _MILLION / 10**9, "GB")
        await _read(store, say)


async def _new(store: SqlStore, fleet: Fleet, count: int) -> float:
    return count / await _record(store, fleet, [(number, BEGAN, 0) for number in range(count)])


async def _hour(store: SqlStore, fleet: Fleet, count: int) -> float:
    """Every endpoint once more, of which as many have changed as do in an hour."""
    changed = round(count * _CHANGED_A_DAY / 24)
    visits = [(number, BEGAN + INTERVAL, int(number < changed)) for number in range(count)]
    return count / await _record(store, fleet, visits)


async def _live(store: SqlStore, fleet: Fleet, count: int) -> None:
    """The days that follow: only changes take room, so that the visits between are left out."""
    a_day = round(count * _CHANGED_A_DAY)
    visits = []
    for day in range(1, _DAYS):
        for place in range(day * a_day, (day + 1) * a_day):
            number, lap = place % count, place // count
            visits.append((number, BEGAN + timedelta(days=day), 2 + lap))
    await _record(store, fleet, visits)


async def _record(
    store: SqlStore, fleet: Fleet, visits: Sequence[tuple[int, datetime, int]]
) -> float:
    """Record visits of (number, time, generation); the seconds that it took, without making them."""
    seconds = 0.0
    for start in range(0, len(visits), _AT_ONCE):
        made = [
            (visit, scheduled(visit), fleet.judged(visit, generation))
            for number, at, generation in visits[start : start + _AT_ONCE]
            for visit in (fleet.visit(number, at, generation),)
        ]
        began = time.perf_counter()
        await asyncio.gather(*(store.record(*one) for one in made))
        seconds += time.perf_counter() - began
    return seconds


async def _read(store: SqlStore, say: Callable[[str, float, str], None]) -> None:
    team = Selection(labels={"team": "team7"})
    seconds = await _best(lambda: store.page(limit=50))
    say("a page of 50 endpoints, by expiry", seconds * 1000, "ms")
    seconds = await _best(lambda: store.page(team, limit=50))
    say("a page of 50 endpoints of a label, by expiry", seconds * 1000, "ms")
    began = time.perf_counter()
    first = await store.statuses()
    say(f"snapshot of {len(first)} endpoints, at the start", time.perf_counter() - began, "s")
    say(f"snapshot of {len(first)} endpoints, after that", await _best(store.statuses), "s")
    moment = BEGAN + timedelta(days=_DAYS // 2)
    began = time.perf_counter()
    past = await store.snapshot_at(moment, team)
    say(f"{len(past.endpoints)} endpoints as of a date", time.perf_counter() - began, "s")


async def _best(ask: Callable[[], Awaitable[object]]) -> float:
    """The least of some runs: other work on the machine only adds."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        await ask()
        times.append(time.perf_counter() - began)
    return min(times)


def _size(url: str) -> int:
    """The bytes that the database takes; PostgreSQL's after what no row needs has been given back."""
    if url.startswith("sqlite:"):
        return os.path.getsize(url.removeprefix("sqlite:///"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return 0 if row is None else int(row[0])


if __name__ == "__main__":
    main()
