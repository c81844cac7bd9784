"""Which of the shipped alerts fire for the metrics of an endpoint, according to Prometheus' own evaluator."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from exporters.prometheus.rules import rule_file

_AT_SECONDS: Final = 25 * 3600
"""Longer than the longest time for which a condition must hold; promtool's clock starts at zero."""

_TIMESTAMP: Final = "_timestamp_seconds"
_FIRED: Final = re.compile(r'alertname="(\w+)"([^}]*)')


def firing_alerts(page: str, at: datetime, directory: Path) -> set[str]:
    """The alerts about endpoints that fire if a page of metrics, made at ``at``, stays as it is for a day.

    An alert has its distinguishing label in brackets, if it has one: ``TlsprobeWeakProtocol[TLSv1.0]``.
    """
    rules, tests = directory / "rules.yml", directory / "tests.yml"
    rules.write_text(rule_file())
    series = dict(_series(page, at))
    series['tlsprobe_build_info{version="1"}'] = 1.0
    test = {
        "interval": "5m",
        "input_series": [
            {"series": name, "values": f"{value!r}+0x{_AT_SECONDS // 300}"}
            for name, value in series.items()
        ],
        "promql_expr_test": [
            {
                "expr": 'ALERTS{alertstate="firing"}',
                "eval_time": f"{_AT_SECONDS}s",
                "exp_samples": [{"labels": 'ALERTS{alertname="None"}', "value": 1}],
            }
        ],
    }
    tests.write_text(
        json.dumps({"rule_files": [str(rules)], "evaluation_interval": "5m", "tests": [test]})
    )
    done = subprocess.run(
        ["promtool", "test", "rules", str(tests)], capture_output=True, text=True, check=False
    )
    _, _, got = (done.stdout + done.stderr).partition("got:")
    assert got, done.stdout + done.stderr
    return {_shown(name, rest) for name, rest in _FIRED.findall(got)}


def _series(page: str, at: datetime) -> Mapping[str, float]:
    found = {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            labels = ",".join(f"{name}={json.dumps(text)}" for name, text in sample.labels.items())
            is_time = sample.name.endswith(_TIMESTAMP)
            value = sample.value - at.timestamp() + _AT_SECONDS if is_time else sample.value
            found[f"{sample.name}{{{labels}}}"] = value
    return found


def _shown(name: str, labels: str) -> str:
    known = dict(re.findall(r'(\w+)="([^"]*)"', labels))
    about = next(
        (known[one] for one in ("protocol", "check", "strength", "problem") if one in known), None
    )
    return name if about is None else f"{name}[{about}]"
