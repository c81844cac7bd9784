"""A scan with a policy: its output and its exit code."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from exporters.terminal.scan_report import ReportForm, render_report
from model.certificates.certificate import Problem
from model.findings.finding import Outcome, Severity
from model.observation import ClientAuth, ClientAuthMode, Observation
from model.protocol_version import ProtocolVersion
from model.target import Target
from model.verdict import Evidence, Fact, UnknownCause, Verdict
from policy import PolicyError, load_policies, read_policies
from service.demo import DemoFleet
from service.judging.ci_gate import CiGate, check_that_all_are_judged, parse_labels
from tests.service.processes import tlsprobe
from tests.service.samples import NOW, deployment, legacy, modern
from tests.service.test_report import misaligned
from tests.service.test_scan import SCHEMA, place

pytestmark = pytest.mark.slow

POLICIES = """\
policies:
  house:
    for: {labels: {team: web}}
    rules:
      protocol_versions: {allowed: [TLSv1.2, TLSv1.3], severity: high}
      ocsp_stapling: {only_with_responder: false, severity: medium}
waivers:
  terminals:
    rule: protocol_versions
    target: old.example:443
    reason: Terminals until they are replaced.
    owner: pay@example
    expires: 2026-07-31
"""


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    path = tmp_path / "policies.yml"
    path.write_text(POLICIES)
    return path


def labelled(observation: Observation, **labels: str) -> Observation:
    target = replace(observation.endpoint.target, labels=labels)
    return replace(observation, endpoint=replace(observation.endpoint, target=target))


def gate(path: Path, **settings: Any) -> CiGate:
    return CiGate(book=load_policies([path], NOW), **settings)


def test_an_unknown_result_fails_unless_it_is_allowed(policies: Path) -> None:
    strict, lenient = gate(policies), gate(policies, allow_unknown=True)
    assert strict.stops(strict.judge(modern(), NOW))
    assert not lenient.stops(lenient.judge(modern(), NOW))


def test_only_severe_enough_findings_fail_the_gate(policies: Path) -> None:
    high = gate(policies, fail_on=Severity.HIGH)
    assert not high.stops(high.judge(modern(), NOW))


def test_a_waived_finding_does_not_fail_the_gate_until_its_waiver_expires(policies: Path) -> None:
    high = gate(policies, fail_on=Severity.HIGH)
    assert not high.stops(high.judge(legacy(), NOW))
    assert high.stops(high.judge(legacy(), datetime(2026, 8, 1, tzinfo=UTC)))


def test_an_endpoint_without_a_policy_is_not_reported_as_compliant(policies: Path) -> None:
    book = read_policies([str(policies)], NOW)
    check_that_all_are_judged(book, [modern().endpoint.target])
    with pytest.raises(PolicyError, match=r"no policy matches .*--label NAME=VALUE"):
        check_that_all_are_judged(book, [legacy_without_labels()])


def legacy_without_labels() -> Target:
    return replace(legacy().endpoint.target, labels={})


def test_the_remediation_is_shown_if_the_server_software_is_known(policies: Path) -> None:
    observation = legacy()
    judged = gate(policies).judge(labelled(observation, team="web", server="nginx"), NOW)
    printed = render_report(observation, NOW, judged=judged)
    assert "fix for nginx, in the server block, and in the default_server block" in printed
    assert printed.count("ssl_protocols TLSv1.2 TLSv1.3;") == 1
    assert not gate(policies).judge(observation, NOW).remedies


@pytest.mark.parametrize("width", range(60, 201))
def test_configuration_is_never_wrapped_and_everything_else_is_aligned(width: int) -> None:
    observation = labelled(legacy(), server="nginx")
    book = read_policies(["mozilla-intermediate", "known-vulnerabilities"], NOW)
    judged = CiGate(book=book).judge(observation, NOW)
    lines = render_report(
        observation, NOW, form=ReportForm(width=width), judged=judged
    ).splitlines()
    configured = {
        f"{' ' * 17}{line}"
        for finding in judged.findings
        if finding.result.outcome is Outcome.FAIL and finding.fingerprint in judged.remedies
        for line in judged.remedies[finding.fingerprint].lines
    }
    assert max(map(len, configured)) > 150
    assert configured <= set(lines)
    others = [line for line in lines if line not in configured]
    assert max(map(len, others)) <= width
    assert misaligned("\n".join(others)) == []


def test_a_compliant_endpoint_is_reported_with_problems_outside_the_policy(tmp_path: Path) -> None:
    path = tmp_path / "versions.yml"
    path.write_text(
        "policies: {versions: {rules: {protocol_versions: {allowed: [TLSv1.2, TLSv1.3]}}}}"
    )
    observation = replace(modern(), certificates=(deployment(Problem.INCOMPLETE),))
    report = " ".join(
        render_report(observation, NOW, judged=gate(path).judge(observation, NOW)).split()
    )
    assert (
        "policy versions: compliant (2 passed) 1 fault outside this policy: "
        "certificate chain ends at CN=Example CA, which is in no trust store: "
        "a private CA (--trust-store) or a missing intermediate"
    ) in report
    assert "high certificate chain ends at CN=Example CA" in report


def test_a_problem_judged_by_the_policy_is_not_outside_it() -> None:
    book = read_policies(["mozilla-intermediate", "known-vulnerabilities"], NOW)
    observation = replace(
        legacy(),
        vulnerabilities={"sweet32": Fact(verdict=Verdict.YES), "beast": Fact(verdict=Verdict.NO)},
    )
    report = render_report(observation, NOW, judged=CiGate(book=book).judge(observation, NOW))
    assert report.count("SWEET32 (CVE-2016-2183)") == 3
    (first,) = [line for line in report.splitlines() if "Vulnerable to SWEET32" in line]
    assert first.split()[0] == "medium"


def test_facts_only_a_client_certificate_could_show_are_one_line_without_severities() -> None:
    refused = Fact(
        verdict=Verdict.UNKNOWN,
        evidence=Evidence(
            note="alert handshake_failure in a handshake without a client certificate"
        ),
        cause=UnknownCause.NEEDS_CLIENT_CERTIFICATE,
    )
    observation = replace(
        modern(),
        vulnerabilities=dict.fromkeys(("ticketbleed", "poodle_tls"), refused),
        client_auth={ProtocolVersion.TLSV1_2: ClientAuth(mode=ClientAuthMode.REQUIRED)},
    )
    book = read_policies(["known-vulnerabilities"], NOW)
    judged = CiGate(book=book).judge(observation, NOW)
    report = render_report(observation, NOW, form=ReportForm(width=200), judged=judged)
    rows = [line.split()[0] for line in report.splitlines() if line[2:3].strip()]
    assert "critical" not in rows
    said = [line for line in report.splitlines() if "needs a client certificate: " in line]
    assert [("ticketbleed (TP-VULN-001)" in line, "Ticketbleed" in line) for line in said] == [
        (True, False),
        (False, True),
    ]


def test_labels_are_names_with_values() -> None:
    assert parse_labels(["data=sensitive", "team=a=b"]) == {"data": "sensitive", "team": "a=b"}
    with pytest.raises(ValueError, match="must be NAME=VALUE"):
        parse_labels(["sensitive"])


async def test_findings_are_in_the_report_and_the_exit_code_is_3(fleet: DemoFleet) -> None:
    arguments = ("scan", place(fleet, "legacy"), "--policy", "rfc9325")
    run = await asyncio.to_thread(tlsprobe, *arguments)
    assert run.returncode == 3
    assert "  policy       rfc9325: not compliant" in run.stdout
    assert "no-early-tls" in run.stdout


async def test_findings_are_in_the_json_as_the_schema_defines(fleet: DemoFleet) -> None:
    arguments = ("scan", place(fleet, "legacy"), "--policy", "mozilla-modern", "--json")
    run = await asyncio.to_thread(tlsprobe, *arguments)
    said = json.loads(run.stdout)
    jsonschema.validate(said, SCHEMA)
    assert said["compliance"] == {"mozilla-modern": "no"}
    rules = {finding["rule"]: finding for finding in said["findings"]}
    assert rules["protocol_versions"]["evidence"]["answer"]


async def test_a_scan_writes_reports_for_pipelines(fleet: DemoFleet, tmp_path: Path) -> None:
    junit, sarif = tmp_path / "junit.xml", tmp_path / "tlsprobe.sarif"
    recording = tmp_path / "visit.jsonl"
    gate = ("--policy", "mozilla-intermediate", "--label", "server=nginx")
    files = ("--report", f"junit={junit}", "--report", f"sarif={sarif}")
    scan = ("scan", place(fleet, "legacy"), *gate, *files, "--record", str(recording))
    done = await asyncio.to_thread(tlsprobe, *scan)
    assert done.returncode == 3, done.stderr
    assert re.search(r'<testsuites name="tlsprobe" [^>]*failures="[1-9]', junit.read_text())
    (run,) = json.loads(sarif.read_text())["runs"]
    assert {one["properties"]["policy"] for one in run["results"]} == {"mozilla-intermediate"}
    assert {one["ruleId"] for one in run["results"]} >= {"TP-TLS-001", "TP-CIPHER-001"}
    versions = next(one for one in run["results"] if one["ruleId"] == "TP-TLS-001")
    assert "ssl_protocols TLSv1.2 TLSv1.3;" in versions["properties"]["remedy"]["lines"]
    page = tmp_path / "page.md"
    replay = ("replay", str(recording), *gate, "--report", f"markdown={page}")
    assert (await asyncio.to_thread(tlsprobe, *replay)).returncode == 3
    assert "ssl_protocols TLSv1.2 TLSv1.3;" in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--report", "junit=x.xml"), "--report needs --policy: add it"),
        (
            ("--policy", "mozilla-old", "--report", "pdf=x.pdf"),
            "--report: 'pdf=x.pdf' must be FORMAT=FILE, such as junit=junit.xml; the formats are html, ",
        ),
        (
            ("--policy", "mozilla-old", "--report", "junit=/nowhere/x.xml"),
            "--report junit=/nowhere/x.xml: its folder does not exist: create it",
        ),
    ],
)
def test_an_unusable_report_is_an_error_before_anything_is_probed(
    arguments: tuple[str, ...], sentence: str
) -> None:
    done = tlsprobe("scan", "127.0.0.1:1", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"tlsprobe: {sentence}")


async def test_an_endpoint_that_meets_its_policy_passes(fleet: DemoFleet, tmp_path: Path) -> None:
    path = tmp_path / "modern.yml"
    path.write_text(
        "policies: {modern: {rules: {protocol_versions: {allowed: [TLSv1.2, TLSv1.3]}}}}"
    )
    run = await asyncio.to_thread(
        tlsprobe, "scan", place(fleet, "modern"), "--policy", str(path), "--fail-on", "low"
    )
    assert run.returncode == 0
    assert "  policy       modern: compliant (2 passed)" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--policy", "mozila-modern"], "did you mean mozilla-modern?"),
        (["--policy", "/nowhere.yml"], "/nowhere.yml"),
        (["--fail-on", "high"], "--policy"),
        (["--policy", "rfc9325", "--label", "sensitive"], "NAME=VALUE"),
        (
            ["--policy", "rfc9325", "--label", "client_auth=mandatory"],
            "use none, requested, required",
        ),
        (["--policy", "rfc9325", "--fail-on", "dreadful"], "dreadful"),
    ],
)
def test_an_unusable_policy_is_reported_before_anything_is_probed(
    arguments: list[str], named: str
) -> None:
    run = tlsprobe("scan", "127.0.0.1:1", *arguments)
    assert (run.returncode, run.stdout) == (2, "")
    assert named in run.stderr
    assert run.stderr.count("\n") == 1
