"""The figures of a benchmark's run, kept in ``benchmarks/results`` with the date, the commit and the machine."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

RESULTS: Final = Path(__file__).parents[1] / "results"
EXACT: Final = 0.0
"""The least noise of what is counted and not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What was measured in each of the ``runs``. Differences of ``least_noise``, as a share, mean nothing."""

    runs: tuple[float, ...]
    unit: str
    more_is_better: bool = False
    least_noise: float = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One run of one benchmark; ``date`` is in ISO 8601."""

    benchmark: str
    date: str
    commit: str
    machine: str
    python: str
    figures: Mapping[str, Figure]


def save(benchmark: str, figures: Mapping[str, Figure], directory: Path = RESULTS) -> Path:
    """Write the figures to a new file."""
    now = datetime.now(UTC)
    result = Result(
        benchmark=benchmark,
        date=now.isoformat(timespec="seconds"),
        commit=_commit(),
        machine=_machine(),
        python=platform.python_version(),
        figures=figures,
    )
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / f"{now:%Y%m%dT%H%M%S%f}-{benchmark}.json"
    file.write_text(json.dumps(asdict(result), indent=2) + "\n", encoding="utf-8")
    return file


def saved(directory: Path = RESULTS) -> Iterator[Result]:
    """All results, the oldest first."""
    for file in sorted(directory.glob("*.json")):
        fields = json.loads(file.read_text(encoding="utf-8"))
        figures = {
            name: Figure(**{**one, "runs": tuple(one["runs"])})
            for name, one in fields.pop("figures").items()
        }
        yield Result(**fields, figures=figures)


def _commit() -> str:
    """The commit of the code that ran, with a plus if there are changes on top of it."""
    git = ("git", "-C", str(Path(__file__).parent))
    head = subprocess.run(
        (*git, "rev-parse", "--short=12", "HEAD"), capture_output=True, text=True, check=False
    )
    changed = subprocess.run((*git, "diff", "--quiet", "HEAD"), capture_output=True, check=False)
    return (head.stdout.strip() or "unknown") + ("+" if changed.returncode else "")


def _machine() -> str:
    """The processor and the number of its cores: what figures must have in common to be compared."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return f"{os.cpu_count()} x {next(models, platform.machine())}"
