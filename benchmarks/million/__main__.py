"""Can one scheduler, one worker and PostgreSQL on one machine verify a million endpoints an hour?

``python -m benchmarks.million --seconds 600`` stores ``--endpoints`` that nginx serves on ``--addresses`` loopback
addresses, as visited before and due evenly within ``--interval``. Then it starts a scheduler and a worker, and reads
the clocks of their processes and of PostgreSQL. A visit is in time if it begins within a twentieth of the interval
after it was due.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import psycopg

from benchmarks.million.seed import PROFILE, Fleet, fill, first_visit, write_targets
from benchmarks.service import TLSPROBE, free_port
from benchmarks.support.nginx import loopback_addresses, running_nginx
from benchmarks.support.process_use import cpu_seconds, resident_bytes
from benchmarks.support.results import Figure, save
from tests.support.postgresql import PostgresServer, postgres_server

_PUNCTUAL: Final = 0.05
_CONFIGURATION: Final = """\
listen: 127.0.0.1:{port}
database: {url}
targets_files: [{directory}/targets.csv]
interval_seconds: {interval}
enumerate_interval_seconds: 31536000
max_concurrent_probes: 64
policies: [{profile}]
log_level: warning
log_format: json
workers: {{enabled: true}}
probe:
  connections_per_network: 1024
  connections_per_address_per_second: 100000
  connections_per_second: 100000
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """The processor seconds of each part so far, and what the database counted."""

    at: float
    seconds: dict[str, float]
    statements: float
    transactions: float


def main() -> None:
    """Prints the figures, each with its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoints", type=int, default=1_000_000)
    parser.add_argument("--addresses", type=int, default=1000)
    parser.add_argument("--interval", type=float, default=3600.0)
    parser.add_argument("--seconds", type=float, default=600.0, help="length of the measurement")
    parser.add_argument("--settling", type=float, default=30.0, help="time before it begins")
    parser.add_argument("--worker-command", default="", help="put before the worker's command")
    parser.add_argument("--scheduler-command", default="", help="put before the scheduler's")
    wanted = parser.parse_args()
    addresses = loopback_addresses(wanted.addresses)
    with (
        tempfile.TemporaryDirectory(prefix="tlsprobe-bench-") as name,
        running_nginx(wanted.addresses) as port,
        postgres_server() as server,
    ):
        _count_statements(server)
        with server.database() as url:
            directory = Path(name)
            write_targets(directory / "targets.csv", wanted.endpoints, addresses, port)
            began = time.monotonic()
            seen = asyncio.run(first_visit(addresses, port))
            start = asyncio.run(
                fill(
                    url,
                    seen,
                    Fleet(count=wanted.endpoints, addresses=addresses),
                    # By then the services have started.
                    starts_after=timedelta(seconds=60 + wanted.endpoints / 1000),
                    interval_seconds=wanted.interval,
                )
            )
            print(
                f"{wanted.endpoints} endpoints stored in {time.monotonic() - began:.0f} s",
                flush=True,
            )
            _run(wanted, directory, url, start)


def _count_statements(server: PostgresServer) -> None:
    server.execute("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
    server.stop()
    server.start()


def _run(wanted: argparse.Namespace, directory: Path, url: str, start: datetime) -> None:
    port = free_port()
    config = directory / "tlsprobe.yml"
    config.write_text(
        _CONFIGURATION.format(
            port=port, url=url, directory=directory, interval=wanted.interval, profile=PROFILE
        )
    )
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION pg_stat_statements")
    began = time.monotonic()
    with (
        _process([*shlex.split(wanted.scheduler_command), TLSPROBE, "serve"], config) as scheduler,
    ):
        base = f"http://127.0.0.1:{port}"
        seconds = _start_seconds(scheduler, base, began)
        used = cpu_seconds(scheduler.pid) / wanted.endpoints
        print(f"the start took {used * 1e6:.0f} µs of processor time per endpoint, all together")
        late = (datetime.now(UTC) - start).total_seconds()
        print(
            f"the first visit was due {late:.0f} s before the pages were there" if late > 0 else ""
        )
        with _process([*shlex.split(wanted.worker_command), TLSPROBE, "worker"], config) as worker:
            pause = (start - datetime.now(UTC)).total_seconds() + wanted.settling
            time.sleep(max(wanted.settling, pause))
            before, since = _use(url, scheduler, worker), datetime.now(UTC)
            time.sleep(wanted.seconds)
            after, until = _use(url, scheduler, worker), datetime.now(UTC)
            _print(wanted, before, after, _visits(url, since, until, wanted.interval), seconds)
            memory = {"scheduler": scheduler, "worker": worker}
            for part, process in memory.items():
                resident = resident_bytes(process.pid)
                print(f"{part:10} {resident / wanted.endpoints / 1000:8.2f} kB per endpoint")


@contextmanager
def _process(
    command: list[str | os.PathLike[str]], config: Path
) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([*command, "--config", config], stdin=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def _start_seconds(scheduler: subprocess.Popen[bytes], base: str, began: float) -> dict[str, float]:
    """After how many seconds the first answer of each page was complete, in this order."""
    found = {}
    for path in ("/metrics", "/metrics/fleet", "/metrics/endpoints?shard=3/16"):
        while True:
            if scheduler.poll() is not None:
                raise RuntimeError(f"the scheduler ended with {scheduler.returncode}")
            try:
                answer = httpx.get(base + path, timeout=3600)
            except httpx.TransportError:
                time.sleep(0.2)
                continue
            if answer.status_code == 200 and (
                path == "/metrics"
                or "tlsprobe_up" in answer.text
                or 'condition="up"' in answer.text
            ):
                break
            time.sleep(0.2)
        found[path] = time.monotonic() - began
        print(f"{path} after {found[path]:.1f} s, {len(answer.content) / 1e6:.1f} MB", flush=True)
    return found


def _use(url: str, scheduler: subprocess.Popen[bytes], worker: subprocess.Popen[bytes]) -> Use:
    with psycopg.connect(url, autocommit=True) as connection:
        ((calls,),) = connection.execute("SELECT sum(calls) FROM pg_stat_statements").fetchall()
        ((commits,),) = connection.execute(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        ).fetchall()
        ((directory,),) = connection.execute("SHOW data_directory").fetchall()
    postmaster = int((Path(directory) / "postmaster.pid").read_text().split()[0])
    return Use(
        at=time.monotonic(),
        seconds={
            "scheduler": cpu_seconds(scheduler.pid),
            "worker": cpu_seconds(worker.pid),
            "PostgreSQL": _tree_seconds(postmaster),
        },
        statements=float(calls),
        transactions=float(commits),
    )


def _tree_seconds(postmaster: int) -> float:
    """Of the server, of its processes, and of those that have ended."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            pid = int(stat.parent.name)
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if pid == postmaster:
            total += sum(map(int, fields[11:15]))
        elif int(fields[1]) == postmaster:
            total += sum(map(int, fields[11:13]))
    return total / os.sysconf("SC_CLK_TCK")


def _visits(url: str, since: datetime, until: datetime, interval: float) -> tuple[int, int, int]:
    """The visits in this time, the endpoints that became due early enough to be late, and those in time."""
    grace = timedelta(seconds=interval * _PUNCTUAL)
    with psycopg.connect(url) as connection:
        modes = connection.execute(
            "SELECT mode, state, count(*) FROM statuses WHERE started_at BETWEEN %s AND %s "
            "GROUP BY mode, state",
            (since, until),
        ).fetchall()
        ((due, on_time),) = connection.execute(
            "SELECT count(*), count(*) FILTER (WHERE started_at BETWEEN seed.due_at - %(grace)s "
            "AND seed.due_at + %(grace)s) FROM seed JOIN statuses ON endpoint_id = seed.id "
            "WHERE seed.due_at BETWEEN %(since)s AND %(until)s",
            {"grace": grace, "since": since, "until": max(since, until - grace)},
        ).fetchall()
    for mode, state, count in modes:
        print(f"{count:8} visits in the mode {mode} found {state}")
    return sum(count for *_, count in modes), due, on_time


def _print(
    wanted: argparse.Namespace,
    before: Use,
    after: Use,
    visits: tuple[int, int, int],
    start: dict[str, float],
) -> None:
    made, due, on_time = visits
    length = after.at - before.at
    figures = {"visits a second": Figure(runs=(made / length,), unit="/s", more_is_better=True)}
    print(
        f"{made / length:8.1f} visits a second ({wanted.endpoints / wanted.interval:.1f} are due)"
    )
    if due:
        print(f"{on_time / due:8.2%} of {due} visits in time (limit 99 %)")
    cores = 0.0
    for part, seconds in after.seconds.items():
        used = seconds - before.seconds[part]
        cores += used / length
        a_visit = used / max(made, 1) * 1000
        figures[f"{part}, a visit"] = Figure(runs=(a_visit,), unit="ms")
        print(f"{part:10} {used / length:6.2f} cores, {a_visit:6.2f} ms a visit")
    print(f"together   {cores:6.2f} cores (limit 1.6 at 278 visits a second)")
    statements = (after.statements - before.statements) / max(made, 1)
    transactions = (after.transactions - before.transactions) / max(made, 1)
    print(f"{statements:.2f} statements and {transactions:.2f} transactions a visit")
    figures["statements, a visit"] = Figure(runs=(statements,), unit="")
    for page, seconds in start.items():
        figures[f"start to {page}"] = Figure(runs=(seconds,), unit="s")
    save("million", {f"{wanted.endpoints} endpoints: {name}": one for name, one in figures.items()})


if __name__ == "__main__":
    main()
