"""Runs the scanners alternately at each round trip time, and prints one table per round trip time.

They alternate so that other load on the machine affects all of them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks.support.measure import Run, ScanFailedError, measure, running_proxy
from benchmarks.support.nginx import running_nginx
from benchmarks.support.report import Results, figures, print_heading, table, write_json
from benchmarks.support.results import save
from benchmarks.support.scanners import SCANNERS, Scanner

# A log has no width of its own, and a table wrapped at 80 columns is hard to read.
_WIDTH_IN_FILES: Final = 120


def main() -> int:
    options = _parse()
    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH_IN_FILES)
    chosen = [each for each in SCANNERS if not options.only or each.program in options.only]
    try:
        versions = {scanner.name: scanner.version() for scanner in chosen}
        print_heading(console, versions)
        results: dict[float, Results] = {}
        with running_nginx() as server_port:
            # One uncounted run: Python compiles, the kernel reads programs from disk.
            _compare(chosen, server_port, round_trip_seconds=0, runs=1)
            for milliseconds in options.round_trips:
                round_trip = milliseconds / 1000
                results[round_trip] = _compare(chosen, server_port, round_trip, options.runs)
                console.print(table(round_trip, results[round_trip]))
    except (FileNotFoundError, ScanFailedError) as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        write_json(options.json, versions, results)
    save("scanners", figures(results))
    return 0


def _compare(
    scanners: Sequence[Scanner], server_port: int, round_trip_seconds: float, runs: int
) -> Results:
    results: dict[str, list[Run]] = {scanner.name: [] for scanner in scanners}
    with running_proxy(server_port, round_trip_seconds) as proxy:
        for _ in range(runs):
            for scanner in scanners:
                results[scanner.name].append(measure(scanner, proxy))
    return results


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--round-trips", type=float, nargs="+", default=[0, 20, 80], metavar="MS",
        help="round trip times in milliseconds (default: 0 20 80)",
    )  # fmt: skip
    parser.add_argument("--runs", type=int, default=3, help="runs per scanner (default: 3)")
    parser.add_argument(
        "--only", nargs="+", choices=sorted({each.program for each in SCANNERS}),
        help="measure only these programs",
    )  # fmt: skip
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every run to FILE")
    options = parser.parse_args()
    if options.runs < 1:
        parser.error(f"--runs {options.runs}: must be 1 or more")
    if any(each < 0 for each in options.round_trips):
        parser.error("--round-trips: must be 0 ms or more")
    return options


if __name__ == "__main__":
    sys.exit(main())
