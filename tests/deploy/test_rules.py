"""The alert and recording rules: each alert fires and stays silent when it should, and its links work."""

from __future__ import annotations

import json
import re
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from exporters.prometheus.rules import rule_file
from model.claims import CLAIM_RULE_ID
from model.findings.attacks import ATTACKS
from policy.catalogue import RULES_BY_NAME
from policy.files.load import profile
from tests.deploy.alert_cases import CASES, Case
from tests.deploy.files import ROOT, read_yaml
from tests.service.processes import tlsprobe

RULES = sorted((ROOT / "deploy/prometheus/rules").glob("*.yml"))
RUNBOOKS = ROOT / "docs/runbooks"
ALERTMANAGER = ROOT / "deploy/alertmanager/alertmanager.yml"
SEVERITIES = {"critical", "warning", "info"}
MINUTE = 60


def rules() -> list[Any]:
    return [
        rule for path in RULES for group in read_yaml(path)["groups"] for rule in group["rules"]
    ]


ALERTS = {rule["alert"]: rule for rule in rules() if "alert" in rule}


def run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def promtool_test(case: Case) -> dict[str, Any]:
    """One test for promtool: the number of label sets for which the alert fires at that time."""
    minutes = case.at // MINUTE
    firing = f'ALERTS{{alertname="{case.alert}",alertstate="firing"}}'
    return {
        "interval": "1m",
        "name": f"{case.alert} {case.what}",
        "input_series": [
            {
                "series": name,
                "values": value if isinstance(value, str) else f"{value}+0x{minutes + 1}",
            }
            for name, value in case.series.items()
        ],
        "promql_expr_test": [
            {
                "expr": f"count({firing}) or vector(0)",
                "eval_time": f"{minutes}m",
                "exp_samples": [{"labels": "{}", "value": case.firing}],
            }
        ],
    }


def written(directory: Path, alert: str, cases: Sequence[Case] = CASES) -> Path:
    """A file with this alert only, next to its cases: all rules together would take a minute."""
    rule_file, test_file = directory / f"{alert}.rules.yml", directory / f"{alert}.yml"
    groups = [{"name": alert, "rules": [ALERTS[alert]]}]
    tests = [promtool_test(case) for case in cases if case.alert == alert]
    # JSON is YAML too.
    rule_file.write_text(json.dumps({"groups": groups}))
    test_file.write_text(
        json.dumps({"rule_files": [str(rule_file)], "evaluation_interval": "1m", "tests": tests})
    )
    return test_file


def test_every_alert_has_a_case_that_fires_and_one_that_is_silent() -> None:
    kinds: dict[str, set[bool]] = defaultdict(set)
    for case in CASES:
        kinds[case.alert].add(bool(case.firing))
    assert kinds == {alert: {True, False} for alert in ALERTS}


@pytest.mark.integration
def test_prometheus_evaluates_every_case_as_expected(tmp_path: Path) -> None:
    run("promtool", "test", "rules", *(written(tmp_path, alert) for alert in ALERTS))


OWNED = tuple(
    case
    for case in CASES
    if case.firing and any('target="a:443"' in series for series in case.series)
)


@pytest.mark.integration
def test_the_owner_s_labels_can_be_joined_to_every_alert_with_a_target(tmp_path: Path) -> None:
    """By the join that docs/reference/alerts.md has, after the rule's own expression in parentheses."""
    page = (ROOT / "docs/reference/alerts.md").read_text()
    (join,) = re.findall(r"\n  (\* on \(target\) group_left .*)\n", page)
    labels = 'tlsprobe_endpoint_labels{target="a:443",label_team="pay",instance='
    files = []
    for number, case in enumerate(OWNED):
        rule = {**ALERTS[case.alert], "expr": f"({ALERTS[case.alert]['expr']}) {join}"}
        series = {**case.series, f'{labels}"x"}}': 1, f'{labels}"y"}}': 1}
        test = promtool_test(replace(case, series=series))
        (expected,) = test["promql_expr_test"]
        expected["expr"] = expected["expr"].replace("}) or", ',label_team="pay"}) or')
        rules_file, file = tmp_path / f"{number}.rules.yml", tmp_path / f"{number}.yml"
        rules_file.write_text(json.dumps({"groups": [{"name": "joined", "rules": [rule]}]}))
        content = {"rule_files": [str(rules_file)], "evaluation_interval": "1m", "tests": [test]}
        file.write_text(json.dumps(content))
        files.append(file)
    assert {case.alert for case in OWNED} >= {"TlsprobeWeakProtocol", "TlsprobeEndpointDown"}
    run("promtool", "test", "rules", *files)


WAIVED_BY: dict[str, tuple[str, ...]] = {
    "TlsprobeEndpointDown": ("reachable",),
    "TlsprobeAddressDown": ("reachable",),
    "TlsprobeCertificateExpired": ("certificate_validity",),
    "TlsprobeExpiryCritical": ("certificate_expiry",),
    "TlsprobeExpirySoon": ("certificate_expiry",),
    "TlsprobeNotYetValid": ("certificate_validity",),
    "TlsprobeVerificationFailed": ("certificate_trusted",),
    "TlsprobeHostnameMismatch": ("certificate_names",),
    "TlsprobeRevoked": ("certificate_not_revoked",),
    "TlsprobeRevocationDataStale": ("certificate_not_revoked", "ocsp_stapling"),
    "TlsprobeStapleMissing": ("certificate_problems", "ocsp_stapling"),
    "TlsprobeWeakKeyOrSignature": ("certificate_problems",),
    "TlsprobeLifetimeExceedsLimit": ("certificate_lifetime", "certificate_problems"),
    "TlsprobeWeakProtocol": ("protocol_versions",),
    "TlsprobeWeakCipherSuite": (
        *("cipher_suites", "cipher_suites_forbidden", "cipher_suite_strength"),
    ),
    "TlsprobeVulnerable": ("not_vulnerable",),
    "TlsprobeClaimContradicted": ("declared_certificate",),
    "TlsprobePlaintextReachable": (
        *("no_plaintext", "starttls_enforced", "no_plaintext_login", "https_redirect"),
    ),
    "TlsprobeClientAuthNotEnforced": ("client_certificate_required",),
    "TlsprobeClientAuthNotVerified": ("client_certificate_verified",),
}
"""The rules about the same thing as an alert on a fact: a waiver of any of them silences it."""

WITHOUT_WAIVER = {
    *("TlsprobeClientCertificateExpiry", "TlsprobeMismatchAcrossAddresses"),
    *("TlsprobeChangedUnexpectedly", "TlsprobeProbeStale", "TlsprobeUnknownTooLong"),
    *("TlsprobeSeriesDropped", "TlsprobePolicyRegression"),
}
"""About the user's own certificate, about a change, or about tlsprobe itself."""


def waived(rule: str) -> dict[str, float | str]:
    """The series of a waiver of ``rule`` at each address that the cases have."""
    known = RULES_BY_NAME.get(rule)
    identifier = CLAIM_RULE_ID if known is None else known.identifier
    labels = f'rule="{rule}",rule_id="{identifier}"'
    places = ("", ',address="x"', ',address="y"')
    return {f'tlsprobe_rule_waived{{target="a:443"{place},{labels}}}': 1 for place in places}


@pytest.mark.integration
def test_what_is_waived_does_not_page_and_other_waivers_change_nothing(tmp_path: Path) -> None:
    on_endpoints = {case.alert for case in OWNED}
    assert on_endpoints == WAIVED_BY.keys() | WITHOUT_WAIVER
    files = []
    for alert, rules_of_it in WAIVED_BY.items():
        firing = [case for case in OWNED if case.alert == alert]
        silenced = [
            replace(case, series={**case.series, **waived(rule)}, firing=0)
            for case in firing[:1]
            for rule in rules_of_it
        ]
        others = [
            replace(case, series={**case.series, **waived("declared_state")}) for case in firing[:1]
        ]
        files.append(written(tmp_path, alert, [*silenced, *others]))
    run("promtool", "test", "rules", *files)


def test_the_page_on_alerts_lists_the_rules_whose_waiver_ends_each() -> None:
    page = (ROOT / "docs/reference/alerts.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `Tlsprobe")]
    for alert, rules_of_it in WAIVED_BY.items():
        (row,) = [row for row in rows if f"`{alert}`" in row]
        assert all(f"`{rule}`" in row for rule in rules_of_it), alert


def test_each_attack_of_the_profile_is_waived_under_the_name_of_its_fact() -> None:
    rules = profile("known-vulnerabilities").rules
    attacks = [rule for rule in rules if rule.rule.name == "not_vulnerable"]
    assert {rule.name.replace("-", "_") for rule in attacks} <= ATTACKS.keys()


@pytest.mark.integration
def test_a_waiver_of_one_attack_silences_that_attack_alone(tmp_path: Path) -> None:
    (firing,) = [case for case in OWNED if case.alert == "TlsprobeVulnerable"][:1]
    series: dict[str, float | str] = {
        f'tlsprobe_vulnerable{{target="a:443",check="{name}"}}': 1
        for name in ("robot", "ticketbleed")
    }
    one = 'tlsprobe_rule_waived{target="a:443",rule="robot",rule_id="TP-VULN-001"}'
    case = replace(firing, series={**series, one: 1}, firing=1)
    run("promtool", "test", "rules", written(tmp_path, "TlsprobeVulnerable", [case]))


@pytest.mark.integration
def test_a_wrong_case_is_detected(tmp_path: Path) -> None:
    wrong = [replace(case, firing=1 - case.firing) for case in CASES[:2]]
    (alert,) = {case.alert for case in wrong}
    with pytest.raises(AssertionError, match="FAILED"):
        run("promtool", "test", "rules", written(tmp_path, alert, wrong))


@pytest.mark.integration
@pytest.mark.parametrize("path", RULES, ids=lambda path: path.name)
def test_prometheus_accepts_every_rule(path: Path) -> None:
    run("promtool", "check", "rules", path)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_has_a_summary_a_severity_and_a_runbook_link(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"]["severity"] in SEVERITIES
    assert {"summary", "description"} <= rule["annotations"].keys()
    assert rule["annotations"]["runbook"] == f"docs/runbooks/{name}.md"


def test_the_shipped_file_has_the_rules_of_the_package() -> None:
    assert [path.read_text() for path in RULES] == [rule_file()], "run `make docs`"
    assert tlsprobe("rules").stdout == rule_file()


def test_every_alert_links_to_its_page_at_the_given_url() -> None:
    done = tlsprobe("rules", "--runbook-url", "https://wiki.example.com/it's/{alert}.html")
    groups = yaml.safe_load(done.stdout)["groups"]
    links = {
        rule["alert"]: rule["annotations"]
        for group in groups
        for rule in group["rules"]
        if "alert" in rule
    }
    assert links.keys() == ALERTS.keys()
    for name, shown in links.items():
        assert shown["runbook_url"] == f"https://wiki.example.com/it's/{name}.html"
        assert "runbook" not in shown


@pytest.mark.parametrize(
    "url", ["wiki/{alert}", "https://wiki.example.com/", "https://a/\n{alert}"]
)
def test_a_url_that_cannot_be_a_link_to_each_page_is_refused(url: str) -> None:
    done = tlsprobe("rules", "--runbook-url", url)
    assert (done.returncode, done.stdout) == (2, "")
    assert "https://wiki.example.com/runbooks/{alert}" in done.stderr


def test_every_alert_has_a_runbook_and_every_runbook_an_alert() -> None:
    assert {path.stem for path in RUNBOOKS.glob("Tlsprobe*.md")} == set(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_a_runbook_has_the_four_parts(name: str) -> None:
    text = (RUNBOOKS / f"{name}.md").read_text()
    assert text.startswith(f"# {name}\n")
    assert re.findall("^## (.*)$", text, re.MULTILINE) == ["Meaning", "Impact", "Diagnose", "Fix"]


@pytest.mark.integration
def test_alertmanager_accepts_its_example() -> None:
    run("amtool", "check-config", ALERTMANAGER)


def test_inhibition_names_only_existing_alerts() -> None:
    text = ALERTMANAGER.read_text()
    named = {
        f"Tlsprobe{name}"
        for part in text.split("Tlsprobe")[1:]
        for name in part.split('"')[0].strip("()").split("|")
    }
    assert named <= ALERTS.keys()
