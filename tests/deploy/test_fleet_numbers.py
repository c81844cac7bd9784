"""The figures at the top of the fleet dashboard are right for a small fleet that is defined here.

Prometheus' own evaluator (promtool test rules) computes each panel's expression from the series.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.deploy.files import ROOT, dashboard, filled_in

pytestmark = pytest.mark.integration

DAY = 86_400
FLEET = {
    'tlsprobe_endpoint_labels{target="modern:443",label_team="web"}': 1,
    'tlsprobe_endpoint_labels{target="old:443",label_team="pay"}': 1,
    'tlsprobe_endpoint_labels{target="gone:443"}': 1,
    'tlsprobe_up{target="modern:443"}': 1,
    'tlsprobe_up{target="old:443"}': 1,
    'tlsprobe_up{target="gone:443"}': 0,
    'tlsprobe_protocol_supported{target="modern:443",protocol="TLSv1.1"}': 0,
    'tlsprobe_protocol_supported{target="modern:443",protocol="TLSv1.3"}': 1,
    'tlsprobe_protocol_supported{target="old:443",protocol="TLSv1.0"}': 1,
    'tlsprobe_protocol_supported{target="old:443",protocol="TLSv1.1"}': 1,
    'tlsprobe_cipher_suites{target="modern:443",protocol="TLSv1.3",strength="recommended"}': 3,
    'tlsprobe_cipher_suites{target="old:443",protocol="TLSv1.0",strength="weak"}': 5,
    'tlsprobe_cipher_suites{target="old:443",protocol="TLSv1.0",strength="insecure"}': 2,
    'tlsprobe_cert_not_after_timestamp_seconds{target="modern:443",position="leaf"}': 90 * DAY,
    'tlsprobe_cert_not_after_timestamp_seconds{target="old:443",position="leaf"}': 20 * DAY,
    'tlsprobe_cert_not_after_timestamp_seconds{target="old:443",position="root"}': 5 * DAY,
    'tlsprobe_check_unknown{target="old:443",check="groups",reason="timeout"}': 1,
}
# promtool's clock is at zero, so a leaf's not_after is also the time it has left.
SHOWN = {
    "Endpoints": 3,
    "Not answering": 1,
    "With old protocols": 1,
    "Weak or insecure suites": 7,
    "Vulnerable": 0,
    "Soonest leaf expiry": 20 * DAY,
    "Unknown facts": 1,
}
# Without endpoints, counts of problems are zero; the other two panels have no data.
SHOWN_WITHOUT_ENDPOINTS = {
    "Not answering": 0,
    "With old protocols": 0,
    "Weak or insecure suites": 0,
    "Unknown facts": 0,
}


def expression(title: str) -> str:
    panels = dashboard(ROOT / "deploy/grafana/dashboards/fleet.json")["panels"]
    (panel,) = [panel for panel in panels if panel["title"] == title]
    (target,) = panel["targets"]
    return filled_in(target["expr"])


@pytest.mark.parametrize(
    ("series", "shown"),
    [(FLEET, SHOWN), ({}, SHOWN_WITHOUT_ENDPOINTS)],
    ids=["three endpoints", "no endpoint"],
)
def test_the_panel_shows_the_expected_values(
    series: dict[str, int], shown: dict[str, int], tmp_path: Path
) -> None:
    questions = [
        {
            "expr": expression(title),
            "eval_time": "0m",
            "exp_samples": [{"labels": "{}", "value": value}],
        }
        for title, value in shown.items()
    ]
    inputs = [{"series": name, "values": str(value)} for name, value in series.items()]
    test_file = tmp_path / "fleet.yml"
    test_file.write_text(
        json.dumps(
            {"rule_files": [], "tests": [{"input_series": inputs, "promql_expr_test": questions}]}
        )
    )

    run = subprocess.run(
        ["promtool", "test", "rules", test_file], capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stdout + run.stderr
