"""Writes every dashboard, and prints the file names."""

from __future__ import annotations

from pathlib import Path

from scripts.dashboards.build import written
from scripts.dashboards.catalogue import DASHBOARDS

FOLDER = Path(__file__).parents[2] / "deploy/grafana/dashboards"


def main() -> None:
    """Writes all dashboards."""
    for dashboard in DASHBOARDS:
        path = FOLDER / f"{dashboard.uid}.json"
        path.write_text(written(dashboard), encoding="utf-8")
        print(path.relative_to(FOLDER.parents[2]))


if __name__ == "__main__":
    main()
