"""Medians of the measurements, as tables for people and as JSON for programs."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.support.measure import Run
from benchmarks.support.nginx import TRUTH
from benchmarks.support.results import EXACT, Figure
from benchmarks.support.scanners import SCANNERS

# Results at one round trip time, by scanner name, in the order of SCANNERS.
Results = Mapping[str, Sequence[Run]]
_OURS: Final = "tlsprobe, fewer checks"
_COLUMNS: Final = (
    "wall s", "of runs", "ratio", "connections", "ratio", "CPU s", "ratio", "suites", "proxy busy",
)  # fmt: skip


def table(round_trip_seconds: float, results: Results) -> Table:
    """One table with a line per scanner; ratios are relative to the first tlsprobe variant."""
    made = Table(
        title=f"Round trip {1000 * round_trip_seconds:g} ms: medians",
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
    )
    made.add_column("scanner", no_wrap=True)
    for column in _COLUMNS:
        made.add_column(column, justify="right", no_wrap=True)
    ours = results.get(_OURS, ())
    for name, runs in results.items():
        walls = [run.wall_seconds for run in runs]
        connections = [run.connections for run in runs]
        cpus = [run.cpu_seconds for run in runs]
        made.add_row(
            name,
            f"{median(walls):.2f}",
            f"{min(walls):.2f} to {max(walls):.2f}",
            _ratio(walls, [run.wall_seconds for run in ours]),
            f"{median(connections):g}",
            _ratio(connections, [run.connections for run in ours]),
            f"{median(cpus):.2f}",
            _ratio(cpus, [run.cpu_seconds for run in ours]),
            _suites(runs),
            f"{max(run.proxy_busy for run in runs):.0%}",
        )
    return made


def print_heading(console: Console, versions: Mapping[str, str]) -> None:
    """Print what is compared: the programs' versions, and what each checks."""
    console.print(f"{platform.system()}, {os.cpu_count()} cores:")
    for scanner in SCANNERS:
        if scanner.name in versions:
            console.print(
                f"  {scanner.name} ({versions[scanner.name]}) checks {scanner.asks}", soft_wrap=True
            )
    console.print(f"Ratios are relative to {_OURS}.")


def write_json(file: Path, versions: Mapping[str, str], results: Mapping[float, Results]) -> None:
    """Write every single run to ``file``, by round trip and scanner."""
    told = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": dict(versions),
        "round_trips": [
            {
                "round_trip_seconds": round_trip_seconds,
                "runs": {name: [asdict(run) for run in runs] for name, runs in of_one.items()},
            }
            for round_trip_seconds, of_one in results.items()
        ],
    }
    file.write_text(json.dumps(told, indent=2) + "\n")


def figures(results: Mapping[float, Results]) -> dict[str, Figure]:
    """What later results are compared with, by names that contain scanner and round trip time."""
    found = {}
    for round_trip_seconds, of_one in results.items():
        for scanner, runs in of_one.items():
            name = f"{scanner}, {1000 * round_trip_seconds:g} ms"
            walls = tuple(run.wall_seconds for run in runs)
            cpus = tuple(run.cpu_seconds for run in runs)
            connections = tuple(run.connections for run in runs)
            found[f"{name}: wall time"] = Figure(runs=walls, unit="s")
            found[f"{name}: processor time"] = Figure(runs=cpus, unit="s")
            found[f"{name}: connections"] = Figure(
                runs=connections, unit="connections", least_noise=EXACT
            )
    return found


def _ratio(theirs: Sequence[float], ours: Sequence[float]) -> str:
    return f"{median(theirs) / median(ours):.1f}" if ours and median(ours) else "-"


def _suites(runs: Sequence[Run]) -> str:
    right = min(run.suites_right for run in runs)
    wrong = max(run.suites_wrong for run in runs)
    return f"{right} of {len(TRUTH)}" + (f", {wrong} wrong" if wrong else "")
