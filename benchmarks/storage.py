"""How fast are visits stored and read, and how much space do they take?

``python -m benchmarks.storage`` writes visits through the real Store, with changes and findings, to SQLite and to a
PostgreSQL that it starts, and reads pages and snapshots. Sizes are measured after 90 days of a fleet in which one
percent of the endpoints changes each day; ``--endpoints`` sets its size.
"""

from __future__ import annotations

import argparse
import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, LiteralString, TypeAlias

import psycopg
from sqlalchemy import delete

from benchmarks.support.observed import BEGAN, INTERVAL, Fleet, scheduled, visit_nginx
from benchmarks.support.results import Figure, save
from model.query import Selection
from storage import SqlStore
from storage.database import connect
from storage.retention import Retention
from storage.rows.tables import EvidenceRow
from tests.support.postgresql import postgres_server

_AT_ONCE: Final = 2000
"""Number of concurrent callers that each wait until their visit is stored."""

_DAYS: Final = 90
_CHANGED_A_DAY: Final = 0.01
_MILLION: Final = 1_000_000


_Say: TypeAlias = Callable[[str, float, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pace:
    """Wall time, and the CPU time of this process, which other load on the machine does not affect."""

    seconds: float
    cpu_seconds: float


def main() -> None:
    """Prints a line per figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoints", type=int, default=10_000, help="size of the fleet")
    parser.add_argument("--only", choices=["sqlite", "postgresql"], help="only this database")
    options = parser.parse_args()
    fleet = Fleet(asyncio.run(visit_nginx()))
    figures: dict[str, Figure] = {}
    for kind in ("sqlite", "postgresql"):
        if options.only in (None, kind):
            with _empty_database(kind) as url:
                asyncio.run(_measure(kind, url, fleet, options.endpoints, figures))
    save("storage", figures)


@contextmanager
def _empty_database(kind: str) -> Iterator[str]:
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="tlsprobe-bench-") as directory:
            yield f"sqlite:///{directory}/store.db"
    else:
        with postgres_server() as server, server.database() as url:
            yield url


async def _measure(
    kind: str, url: str, fleet: Fleet, count: int, figures: dict[str, Figure]
) -> None:
    above = ""

    def say(what: str, figure: float, unit: str) -> None:
        nonlocal above
        print(f"{kind:<11} {what:<52} {figure:10.1f} {unit}", flush=True)
        above = above if what.startswith(" ") else what
        name = what if what == above else f"{above}: {what.strip()}"
        figures[f"{kind}, {count} endpoints: {name}"] = Figure(
            runs=(figure,), unit=unit, more_is_better=unit == "per second"
        )

    async with await SqlStore.open(url) as store:
        empty = await asyncio.to_thread(_size, url)
        _print_rate(say, "new endpoints", count, await _new(store, fleet, count))
        what = f"visits of one hour, {_CHANGED_A_DAY:.0%} changing per day"
        _print_rate(say, what, count, await _hour(store, fleet, count))
        await _live(store, fleet, count, url)
        await _read(store, say)
        grown = await asyncio.to_thread(_size, url)
        say(f"size of {count} endpoints after {_DAYS} days", grown / 2**20, "MiB")
        whole = (grown - empty) / count * _MILLION / 10**9
        say("the same for a million endpoints, extrapolated", whole, "GB")
        await asyncio.to_thread(_drop_evidence, url)
        bare = (await asyncio.to_thread(_size, url) - empty) / count * _MILLION / 10**9
        say("  of which is evidence", whole - bare, "GB")


def _print_rate(say: _Say, what: str, count: int, pace: _Pace) -> None:
    say(what, count / pace.seconds, "per second")
    say("  CPU time of this process per visit", pace.cpu_seconds / count * 10**6, "µs")


async def _new(store: SqlStore, fleet: Fleet, count: int) -> _Pace:
    return await _record(store, fleet, [(number, BEGAN, 0) for number in range(count)])


async def _hour(store: SqlStore, fleet: Fleet, count: int) -> _Pace:
    """Visits every endpoint once; the usual number of an hour has changed."""
    changed = round(count * _CHANGED_A_DAY / 24)
    visits = [(number, BEGAN + INTERVAL, int(number < changed)) for number in range(count)]
    return await _record(store, fleet, visits)


async def _live(store: SqlStore, fleet: Fleet, count: int, url: str) -> None:
    """Simulates the following days, with pruning; unchanged visits take no space, so only changes are recorded.

    The days pass too quickly for PostgreSQL's autovacuum, so it is run explicitly.
    """
    a_day = round(count * _CHANGED_A_DAY)
    for day in range(1, _DAYS):
        at = BEGAN + timedelta(days=day)
        visits = [
            (place % count, at, 2 + place // count)
            for place in range(day * a_day, (day + 1) * a_day)
        ]
        await _record(store, fleet, visits)
        await store.prune(Retention(), at, is_clock_right=True)
        if not url.startswith("sqlite:"):
            await asyncio.to_thread(_run, url, "VACUUM")


async def _record(
    store: SqlStore, fleet: Fleet, visits: Sequence[tuple[int, datetime, int]]
) -> _Pace:
    """Record visits of (number, time, generation); returns the time without generating them."""
    seconds = cpu_seconds = 0.0
    for start in range(0, len(visits), _AT_ONCE):
        made = [
            (visit, scheduled(visit), fleet.judged(visit, generation))
            for number, at, generation in visits[start : start + _AT_ONCE]
            for visit in (fleet.visit(number, at, generation),)
        ]
        began, cpu_began = time.perf_counter(), time.process_time()
        await asyncio.gather(*(store.record(*one) for one in made))
        seconds += time.perf_counter() - began
        cpu_seconds += time.process_time() - cpu_began
    return _Pace(seconds=seconds, cpu_seconds=cpu_seconds)


async def _read(store: SqlStore, say: _Say) -> None:
    team = Selection(labels={"team": "team7"})
    seconds = await _best(lambda: store.page(limit=50))
    say("a page of 50 endpoints, by expiry", seconds * 1000, "ms")
    seconds = await _best(lambda: store.page(team, limit=50))
    say("a page of 50 endpoints with a label, by expiry", seconds * 1000, "ms")
    for when in ("first", "repeated"):
        began, cpu_began = time.perf_counter(), time.process_time()
        statuses = await store.statuses()
        seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu_began
        say(f"snapshot of {len(statuses)} endpoints, {when}", seconds * 1000, "ms")
        say("  CPU time of this process", cpu_seconds * 1000, "ms")
    moment = BEGAN + timedelta(days=_DAYS // 2)
    began = time.perf_counter()
    past = await store.snapshot_at(moment, team)
    say(f"{len(past.endpoints)} endpoints as of a date", time.perf_counter() - began, "s")


async def _best(ask: Callable[[], Awaitable[object]]) -> float:
    """The minimum of several runs: other load on the machine only adds time."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        await ask()
        times.append(time.perf_counter() - began)
    return min(times)


def _drop_evidence(url: str) -> None:
    database = connect(url, busy_timeout_seconds=30.0)
    with database.writing_in_thread() as connection:
        connection.execute(delete(EvidenceRow))
    database.vacuum()
    if not url.startswith("sqlite:"):
        _run(url, "VACUUM FULL evidence")


def _run(url: str, statement: LiteralString) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement)


def _size(url: str) -> int:
    """The bytes that the database takes; for PostgreSQL after unused space is released."""
    if url.startswith("sqlite:"):
        path = url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path)) as file:
            # Pages freed by pruning are reused, so they do not count.
            (pages, free, size) = (
                file.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "freelist_count", "page_size")
            )
        return int((pages - free) * size)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return 0 if row is None else int(row[0])


if __name__ == "__main__":
    main()
