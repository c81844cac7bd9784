"""The annotations of alerts as Prometheus renders them: they read well, whatever the value."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.deploy.alert_cases import CASES
from tests.deploy.test_rules import ALERTS, promtool_test, written

pytestmark = pytest.mark.integration

_CASE = re.compile(r"alertname: (\w+), time: \w+,(.*?)(?=alertname: |\Z)", re.DOTALL)
_ANNOTATIONS = re.compile(r"Annotations:\{(.*)\}")
_TEXT = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*")')
_BAD = (
    "  ",
    " .",
    " ,",
    "<",  # <no value>, <error expanding template>
    "{{",
    "%!",
    " -",  # a negative duration
    "()",
    " 1 weak cipher suites",
)


@cache
def rendered() -> Mapping[str, Sequence[Mapping[str, str]]]:
    """The annotations of every case that fires, by alert; promtool prints them if it expects no alert."""
    with TemporaryDirectory() as directory:
        files = [_expecting_none(Path(directory), alert) for alert in ALERTS]
        done = subprocess.run(
            ["promtool", "test", "rules", *files], capture_output=True, text=True, check=False
        )
    found: dict[str, list[Mapping[str, str]]] = {}
    for alert, got in _CASE.findall(done.stdout + done.stderr):
        found.setdefault(alert, []).extend(
            {name: json.loads(text) for name, text in _TEXT.findall(one)}
            for one in _ANNOTATIONS.findall(got)
        )
    return found


def _expecting_none(directory: Path, alert: str) -> Path:
    file = written(directory, alert)
    content = json.loads(file.read_text())
    content["tests"] = [
        {
            **{key: value for key, value in promtool_test(case).items() if "expr" not in key},
            "alert_rule_test": [
                {"eval_time": f"{case.at // 60}m", "alertname": alert, "exp_alerts": []}
            ],
        }
        for case in CASES
        if case.alert == alert and case.firing
    ]
    file.write_text(json.dumps(content))
    return file


def test_every_case_that_fires_is_rendered() -> None:
    counts = {alert: sum(case.firing for case in CASES if case.alert == alert) for alert in ALERTS}
    assert {alert: len(texts) for alert, texts in rendered().items()} == counts


@pytest.mark.parametrize("alert", ALERTS)
def test_an_annotation_reads_well(alert: str) -> None:
    for shown in rendered()[alert]:
        for text in shown.values():
            assert [bad for bad in _BAD if bad in text] == [], text
        assert shown["summary"][-1] != "."
        assert shown["description"].endswith(".")


@pytest.mark.parametrize(
    ("alert", "summary"),
    [
        ("TlsprobeCertificateExpired", "a:443: leaf certificate expired 3d 0h 0m 0s ago"),
        ("TlsprobeCertificateExpired", "a:443: leaf certificate expired 1h 0m 0s ago"),
        ("TlsprobeExpiryCritical", "a:443: leaf certificate expires in 6d 23h 44m 0s"),
        ("TlsprobeClientCertificateExpiry", "Client certificate ops expires in 12d 22h 0m 0s"),
        ("TlsprobeClientCertificateExpiry", "Client certificate ops expired 3d 2h 0m 0s ago"),
        ("TlsprobeWeakCipherSuite", "a:443 accepts 2 weak cipher suites"),
        ("TlsprobeWeakCipherSuite", "a:443 accepts 1 insecure cipher suite"),
        ("TlsprobeServiceDown", "tlsprobe is down: x"),
        ("TlsprobeServiceDown", "tlsprobe is down"),
        ("TlsprobeProbeStale", "a:443 has not been visited for 2h 0m 0s"),
    ],
)
def test_a_value_is_shown_as_people_say_it(alert: str, summary: str) -> None:
    assert summary in {shown["summary"] for shown in rendered()[alert]}
