"""Which of the shipped alerts fire for a page of metrics, according to Prometheus' own evaluator."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families

from exporters.prometheus.rules import rule_file

_END_SECONDS: Final = 26 * 3600
"""Longer than any condition must hold; promtool's clock starts at zero."""

_STEP_SECONDS: Final = 5 * 60
_TIMESTAMP: Final = "_timestamp_seconds"
_LABEL: Final = re.compile(r'(\w+)="([^"]*)"')
_FIRED: Final = re.compile(r'\{__name__="ALERTS", ([^}]*)\}')
_TELLING: Final = ("protocol", "check", "strength", "problem")


def firing_alerts(page: str, at: datetime, directory: Path) -> dict[str, set[str]]:
    """The alerts that fire, by target, if the page, made at an aware time, stays as it is for a day.

    The label that tells alerts of one name apart is in brackets: ``TlsprobeWeakProtocol[TLSv1.0]``.
    """
    rules, tests = directory / "alerts.rules.yml", directory / "alerts.yml"
    rules.write_text(rule_file())
    steps = _END_SECONDS // _STEP_SECONDS
    series = [
        {"series": name, "values": f"{value!r}+0x{steps}"}
        for name, value in _series(page, at).items()
    ]
    # promtool shows what it got if that is not what was expected.
    expected = [{"labels": 'ALERTS{alertname="None"}', "value": 1}]
    question: dict[str, Any] = {
        "expr": 'ALERTS{alertstate="firing",target!=""}',
        "eval_time": f"{_END_SECONDS}s",
        "exp_samples": expected,
    }
    test = {
        "interval": f"{_STEP_SECONDS}s",
        "input_series": series,
        "promql_expr_test": [question],
    }
    content = {
        "rule_files": [str(rules)],
        "evaluation_interval": f"{_STEP_SECONDS}s",
        "tests": [test],
    }
    tests.write_text(json.dumps(content))  # JSON is YAML too
    done = subprocess.run(
        ["promtool", "test", "rules", str(tests)], capture_output=True, text=True, check=False
    )
    _, _, got = (done.stdout + done.stderr).partition("got:")
    assert got, done.stdout + done.stderr
    found: dict[str, set[str]] = {}
    for inner in _FIRED.findall(got):
        labels = dict(_LABEL.findall(inner))
        found.setdefault(labels["target"], set()).add(_shown(labels))
    return found


def _series(page: str, at: datetime) -> Mapping[str, float]:
    found = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            labels = ",".join(f"{name}={json.dumps(text)}" for name, text in sample.labels.items())
            is_time = sample.name.endswith(_TIMESTAMP)
            value = sample.value - at.timestamp() + _END_SECONDS if is_time else sample.value
            found[f"{sample.name}{{{labels}}}"] = value
    return found


def _shown(labels: Mapping[str, str]) -> str:
    about = next((labels[one] for one in _TELLING if one in labels), None)
    name = labels["alertname"]
    return name if about is None else f"{name}[{about}]"
