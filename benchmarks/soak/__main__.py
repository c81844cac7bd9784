"""Six hours of a service that visits every minute, compressed: ``python -m benchmarks.soak``, ``make soak``.

Ends with status 1, and one sentence for each fault, if memory, descriptors, threads or tasks grow, or if the history
lacks a planted change or a visit, has one twice, or has a change that was not planted.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from benchmarks.soak.run import Options, soak
from tests.support.postgresql import postgres_server


def main() -> None:
    """Soaks and ends with the status."""
    default = Options()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoints", type=int, default=default.endpoints)
    parser.add_argument(
        "--minutes",
        type=float,
        default=default.minutes,
        help="after the warm-up, and until each server was visited 60 times",
    )
    parser.add_argument("--warm-up", type=float, default=default.warm_up_minutes, help="in minutes")
    parser.add_argument("--interval", type=float, default=default.interval, help="in seconds")
    parser.add_argument("--seed", type=int, default=default.seed)
    parser.add_argument("--postgresql", action="store_true", help="start one, and store there")
    wanted = parser.parse_args()
    options = replace(
        default,
        endpoints=wanted.endpoints,
        minutes=wanted.minutes,
        warm_up_minutes=wanted.warm_up,
        interval=wanted.interval,
        seed=wanted.seed,
    )
    with (
        tempfile.TemporaryDirectory(prefix="tlsprobe-soak-") as name,
        _database(Path(name), is_postgresql=wanted.postgresql) as database,
    ):
        problems = asyncio.run(soak(options, Path(name), database))
    for problem in problems:
        print(problem)
    print(f"{len(problems)} faults" if problems else "no faults")
    sys.exit(1 if problems else 0)


@contextmanager
def _database(directory: Path, *, is_postgresql: bool) -> Iterator[str]:
    if not is_postgresql:
        yield f"sqlite:///{directory}/tlsprobe.db"
        return
    with postgres_server() as server, server.database() as url:
        yield url


if __name__ == "__main__":
    main()
