"""The fleet's page gives what the dashboards' panels compute from the series of all endpoints.

Prometheus' own evaluator (promtool test rules) compares both expressions, on the two pages of one small fleet.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from exporters.prometheus import Detail, MetricOptions, PageWriter
from exporters.prometheus.fleet.totals import FleetTotals
from model.observation import ClientAuth, ClientAuthMode
from model.protocol_version import ProtocolVersion
from model.snapshot import Snapshot
from model.verdict import Fact, Verdict
from tests.deploy.files import ROOT, dashboard, filled_in
from tests.exporters.test_fleet_page import DOWN, at
from tests.exporters.test_inventory import KNOWN, TLS12, snapshot

pytestmark = pytest.mark.integration


def _targets(condition: str) -> str:
    return f'(tlsprobe_fleet_targets{{condition="{condition}"}} or vector(0))'


def _share(yes: str, no: str) -> str:
    return f"sum({_targets(yes)}) / (sum({_targets(yes)}) + sum({_targets(no)}))"


PANELS = (
    ("fleet", "Endpoints", "", 'sum(tlsprobe_fleet_targets{condition=~"up|down"})'),
    ("fleet", "Not answering", "", f"sum({_targets('down')})"),
    ("fleet", "With old protocols", "", f"sum({_targets('old_protocols')})"),
    ("fleet", "Weak or insecure suites", "",
     'sum(tlsprobe_fleet_cipher_suites{strength=~"insecure|weak"})'),
    ("fleet", "Soonest leaf expiry", "",
     "min(tlsprobe_fleet_next_expiry_timestamp_seconds) - time()"),
    ("fleet", "Unknown facts", "", "sum(tlsprobe_fleet_check_unknown)"),
    ("fleet", "Compliant", "", _share("compliant", "not_compliant")),
    ("fleet", "Post-quantum", "", _share("post_quantum", "not_post_quantum")),
    ("fleet", "Vulnerable", "", f"sum({_targets('vulnerable')})"),
    ("fleet", "Not trusted", "", f"sum({_targets('not_trusted')})"),
    ("fleet", "Versions over time", "protocol", "sum by (protocol) (tlsprobe_fleet_protocol_supported)"),
    ("fleet", "Strength of cipher suites", "strength", "sum by (strength) (tlsprobe_fleet_cipher_suites)"),
    ("protocols", "Negotiated version and suite", "version, cipher",
     "sum by (version, cipher) (tlsprobe_fleet_negotiated)"),
    ("protocols", "Weak suites by name", "cipher", "sum by (cipher) (tlsprobe_fleet_weak_cipher_suites)"),
    ("protocols", "Features", "feature", "sum by (feature) (tlsprobe_fleet_features)"),
    ("protocols", "Unknown, by check", "check", "sum by (check) (tlsprobe_fleet_check_unknown) or vector(0)"),
    ("mtls", "Require certificates", "", f"sum({_targets('client_certificate_required')})"),
    ("mtls", "Only at some versions", "",
     f"sum({_targets('client_certificate_required_at_some_versions')})"),
    ("mtls", "Modes", "mode, protocol", "sum by (mode, protocol) (tlsprobe_fleet_client_auth)"),
    ("certificates", "Why chains do not verify", "reason",
     "sum by (reason) (tlsprobe_fleet_cert_verify_errors)"),
)  # fmt: skip
"""A dashboard, its panel, the labels of the panel's series, and the query that gives the same."""


def _fleet() -> Snapshot:
    """A target with two addresses, of which one is weaker; one that is compliant, one that is not; and one that is down."""
    weaker = replace(
        KNOWN,
        protocols={**KNOWN.protocols, ProtocolVersion.TLSV1_0: Fact(verdict=Verdict.YES)},
        client_auth={
            TLS12: ClientAuth(mode=ClientAuthMode.REQUIRED),
            ProtocolVersion.TLSV1_0: ClientAuth(mode=ClientAuthMode.NONE),
        },
        features={"post_quantum_handshake": Fact(verdict=Verdict.NO)},
    )
    modern = replace(
        KNOWN,
        vulnerabilities={},
        features={"post_quantum_handshake": Fact(verdict=Verdict.YES)},
    )
    found = snapshot(
        at(KNOWN, "a.test", "192.0.2.1"),
        at(weaker, "a.test", "192.0.2.2"),
        at(modern, "b.test"),
        at(DOWN, "c.test"),
    )
    judged = [{"p": Verdict.YES}, {"p": Verdict.NO}, {"p": Verdict.YES, "q": Verdict.YES}, {}]
    statuses = zip(found.endpoints, judged, strict=True)
    return replace(found, endpoints=tuple(replace(one, compliance=of) for one, of in statuses))


def _panel(name: str, title: str) -> str:
    panels = dashboard(ROOT / f"deploy/grafana/dashboards/{name}.json")["panels"]
    (panel,) = (one for one in panels if one["title"] == title)
    (target,) = panel["targets"]
    return f"({filled_in(target['expr'])})"


def test_both_pages_give_the_same_for_every_panel(tmp_path: Path) -> None:
    fleet = _fleet()
    every = "".join(PageWriter(MetricOptions(detail=Detail.ALL)).write(fleet))
    text = every + FleetTotals().page(fleet)
    samples = [line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#")]
    questions = []
    for name, title, labels, summed in PANELS:
        panel, on = _panel(name, title), f"on ({labels})"
        differs = f"({panel} != {on} ({summed}))"
        alone = f"({panel} unless {on} ({summed})) or (({summed}) unless {on} {panel})"
        questions += [
            {"expr": f"{differs} or {alone}", "eval_time": "0m", "exp_samples": []},
            {
                "expr": f"count({panel}) > bool 0",
                "eval_time": "0m",
                "exp_samples": [{"labels": "{}", "value": 1}],
            },
        ]
    tests = {
        "input_series": [{"series": name, "values": number} for name, number in samples],
        "promql_expr_test": questions,
    }
    file = tmp_path / "fleet.yml"
    file.write_text(json.dumps({"rule_files": [], "tests": [tests]}))
    done = subprocess.run(
        ["promtool", "test", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
