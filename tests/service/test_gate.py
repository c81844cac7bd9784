"""A scan with a policy: its output and its exit code."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from rich.console import Console

from model.findings.finding import Severity
from model.target import Target
from policy import PolicyError, load_policies, read_policies
from service.demo import DemoFleet
from service.judging.ci_gate import CiGate, check_that_all_are_judged, parse_labels
from tests.service.processes import tlsprobe
from tests.service.samples import NOW, legacy, modern
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


def gate(path: Path, **settings: Any) -> CiGate:
    return CiGate(book=load_policies([path], NOW), **settings)


def test_what_was_not_proved_stops_unless_it_is_allowed(policies: Path) -> None:
    strict, lenient = gate(policies), gate(policies, allow_unknown=True)
    assert strict.stops(strict.judge(modern(), NOW))
    assert not lenient.stops(lenient.judge(modern(), NOW))


def test_only_findings_that_are_bad_enough_stop(policies: Path) -> None:
    high = gate(policies, fail_on=Severity.HIGH)
    assert not high.stops(high.judge(modern(), NOW))


def test_a_waived_finding_does_not_stop_until_its_waiver_expires(policies: Path) -> None:
    high = gate(policies, fail_on=Severity.HIGH)
    assert not high.stops(high.judge(legacy(), NOW))
    assert high.stops(high.judge(legacy(), datetime(2026, 8, 1, tzinfo=UTC)))


def test_an_endpoint_that_no_policy_holds_for_is_not_called_good(policies: Path) -> None:
    book = read_policies([str(policies)], NOW)
    check_that_all_are_judged(book, [modern().endpoint.target])
    with pytest.raises(PolicyError, match=r"no policy matches .*--label NAME=VALUE"):
        check_that_all_are_judged(book, [legacy_without_labels()])


def legacy_without_labels() -> Target:
    return replace(legacy().endpoint.target, labels={})


def test_the_remedy_is_said_where_the_kind_of_server_is_known(policies: Path) -> None:
    observation = legacy()
    target = replace(observation.endpoint.target, labels={"team": "web", "server": "nginx"})
    endpoint = replace(observation.endpoint, target=target)
    judged = gate(policies).judge(replace(observation, endpoint=endpoint), NOW)
    page = Console(width=120, file=StringIO())
    with page.capture() as printed:
        page.print(judged.for_a_person())
    assert "fix for nginx, in the server block:" in printed.get()
    assert printed.get().count("ssl_protocols TLSv1.2 TLSv1.3;") == 1
    assert not gate(policies).judge(observation, NOW).remedies


def test_labels_are_names_with_values() -> None:
    assert parse_labels(["data=sensitive", "team=a=b"]) == {"data": "sensitive", "team": "a=b"}
    with pytest.raises(ValueError, match="must be NAME=VALUE"):
        parse_labels(["sensitive"])


async def test_findings_are_in_the_report_and_the_exit_code_is_3(fleet: DemoFleet) -> None:
    arguments = ("scan", place(fleet, "legacy"), "--policy", "rfc9325")
    run = await asyncio.to_thread(tlsprobe, *arguments)
    assert run.returncode == 3
    assert "policy rfc9325: not compliant" in run.stdout
    assert "no-early-tls" in run.stdout


async def test_findings_are_in_the_json_as_the_schema_has_them(fleet: DemoFleet) -> None:
    arguments = ("scan", place(fleet, "legacy"), "--policy", "mozilla-modern", "--json")
    run = await asyncio.to_thread(tlsprobe, *arguments)
    said = json.loads(run.stdout)
    jsonschema.validate(said, SCHEMA)
    assert said["compliance"] == {"mozilla-modern": "no"}
    rules = {finding["rule"]: finding for finding in said["findings"]}
    assert rules["protocol_versions"]["evidence"]["answer"]


async def test_an_endpoint_that_meets_its_policy_passes(fleet: DemoFleet, tmp_path: Path) -> None:
    path = tmp_path / "modern.yml"
    path.write_text(
        "policies: {modern: {rules: {protocol_versions: {allowed: [TLSv1.2, TLSv1.3]}}}}"
    )
    run = await asyncio.to_thread(
        tlsprobe, "scan", place(fleet, "modern"), "--policy", str(path), "--fail-on", "low"
    )
    assert run.returncode == 0
    assert "policy modern: compliant (2 passed)" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--policy", "mozila-modern"], "did you mean mozilla-modern?"),
        (["--policy", "/nowhere.yml"], "/nowhere.yml"),
        (["--fail-on", "high"], "--policy"),
        (["--policy", "rfc9325", "--label", "sensitive"], "NAME=VALUE"),
        (["--policy", "rfc9325", "--fail-on", "dreadful"], "dreadful"),
    ],
)
def test_a_policy_that_cannot_be_used_is_told_before_anything_is_asked(
    arguments: list[str], named: str
) -> None:
    run = tlsprobe("scan", "127.0.0.1:1", *arguments)
    assert (run.returncode, run.stdout) == (2, "")
    assert named in run.stderr
    assert run.stderr.count("\n") == 1
