"""The parsed deployment files, found from the root of the checkout."""

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
    """The arguments of the last instruction with this keyword, with continuation lines joined."""
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    *_, last = re.finditer(rf"^{keyword}\s+(.*)$", text, re.MULTILINE)
    return last[1].strip()


def dashboard(path: Path) -> Any:
    return json.loads(path.read_text())


def filled_in(expression: str) -> str:
    """A dashboard's expression as Grafana sends it if everything is selected."""
    for variable, text in (
        ("$__rate_interval", "5m"),
        ("$target", ".*"),
        ("$label", "label_team"),
        ("$value", ".*"),
    ):
        expression = expression.replace(variable, text)
    return expression


def expressions(path: Path) -> list[str]:
    """Every PromQL expression of a dashboard, with its variables replaced by values."""
    return [
        filled_in(target["expr"])
        for panel in dashboard(path)["panels"]
        for target in panel["targets"]
    ]
