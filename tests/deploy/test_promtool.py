"""Prometheus' own tool accepts its configuration and every expression of the dashboards."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.deploy.files import DASHBOARDS, PROMETHEUS_CONFIG, expressions

pytestmark = pytest.mark.integration


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)


def test_prometheus_accepts_its_configuration() -> None:
    checked = promtool("check", "config", str(PROMETHEUS_CONFIG))
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("path", DASHBOARDS, ids=lambda path: path.name)
def test_prometheus_accepts_every_expression_of_a_dashboard(path: Path, tmp_path: Path) -> None:
    # promtool checks an expression as part of a rule; JSON is YAML too.
    rules = [
        {"record": f"panel:expression_{number}", "expr": expression}
        for number, expression in enumerate(expressions(path))
    ]
    rule_file = tmp_path / "rules.yml"
    rule_file.write_text(json.dumps({"groups": [{"name": path.stem, "rules": rules}]}))

    checked = promtool("check", "rules", str(rule_file))

    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(rules)} rules found" in checked.stdout
