"""The deployment files as the tests read them: parsed, and found from the checkout's root."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
DASHBOARDS = sorted((ROOT / "deploy/grafana/dashboards").glob("*.json"))
PROMETHEUS_CONFIG = ROOT / "deploy/prometheus/prometheus.yml"


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def compose() -> Any:
    return read_yaml(ROOT / "docker-compose.yml")


def dockerfile_instruction(keyword: str) -> str:
    """The arguments of the last instruction with this keyword, continuation lines joined."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    *_, last = re.finditer(rf"^{keyword}\s+(.*)$", text, re.MULTILINE)
    return last[1].strip()


def dashboard(path: Path) -> Any:
    return json.loads(path.read_text())


def expressions(path: Path) -> list[str]:
    """Every PromQL expression of a dashboard, its variable replaced by one that matches all."""
    return [
        target["expr"].replace("$target", ".+")
        for panel in dashboard(path)["panels"]
        for target in panel["targets"]
    ]
