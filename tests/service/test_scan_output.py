"""``--output`` of scan and replay: each format by the program or the schema that reads it."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from pathlib import Path

import jsonschema
import pytest
from junitparser import JUnitXml

from exporters.reports import REPORTS, verify_report
from model.protocol_version import ProtocolVersion
from service.scan.formats import OutputFormat
from tests.probe.programmable.server import serve, served_on_a_port
from tests.probe.programmable.server_model import ServerModel
from tests.service.processes import CommandRun, tlsprobe
from tests.service.test_scan import SCHEMA

SARIF = json.loads(
    (Path(__file__).parents[1] / "exporters/reports/sarif-2.1.0.schema.json").read_text()
)
POLICY = ("--policy", "mozilla-modern")
MODEL = ServerModel(cipher_suites={ProtocolVersion.TLSV1_2: (0xC02F, 0xC030)})
REPORT_FORMATS = [one for one in OutputFormat if one.is_report]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recorded scan of a server that speaks TLS 1.2 only, which mozilla-modern does not allow."""
    path = tmp_path_factory.mktemp("recorded") / "visit.jsonl"

    async def record() -> None:
        async with serve(served_on_a_port(MODEL)) as server:
            scan = ("scan", f"127.0.0.1:{server.port}", "--record", path, "--checks", "suites")
            await asyncio.to_thread(tlsprobe, *scan)

    asyncio.run(record())
    return path


def replayed(recording: Path, output: OutputFormat, *options: str) -> CommandRun:
    return tlsprobe("replay", recording, "--output", output, *options)


def test_every_report_of_a_scan_has_the_name_of_its_format() -> None:
    assert {one.value for one in REPORT_FORMATS} < {one.name for one in REPORTS}


@pytest.mark.parametrize("output", REPORT_FORMATS, ids=str)
def test_a_report_starts_as_its_format_requires_and_keeps_the_exit_code(
    recording: Path, output: OutputFormat
) -> None:
    run = replayed(recording, output, *POLICY)
    (start,) = [one.start for one in REPORTS if one.name == output]
    assert run.stdout.startswith(start)
    assert (run.returncode, run.stderr) == (3, "")


def test_sarif_is_valid_by_its_published_schema(recording: Path) -> None:
    log = json.loads(replayed(recording, OutputFormat.SARIF, *POLICY).stdout)
    jsonschema.validate(log, SARIF)
    assert "TP-TLS-001" in {one["ruleId"] for one in log["runs"][0]["results"]}


def test_junit_has_a_failure_for_the_version_that_the_policy_does_not_allow(
    recording: Path,
) -> None:
    (suite,) = JUnitXml.fromstring(replayed(recording, OutputFormat.JUNIT, *POLICY).stdout.encode())
    failed = [case.name for case in suite if any(one.type == "high" for one in case.result)]
    assert "protocol_versions" in failed


def test_csv_has_a_row_for_each_finding(recording: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(replayed(recording, OutputFormat.CSV, *POLICY).stdout)))
    assert "TP-TLS-001" in {row["rule_id"] for row in rows}
    assert {row["policy"] for row in rows} == {"mozilla-modern"}


def test_ocsf_has_a_compliance_finding_for_each_finding(recording: Path) -> None:
    lines = replayed(recording, OutputFormat.OCSF, *POLICY).stdout.splitlines()
    found = [json.loads(line) for line in lines]
    assert {one["class_uid"] for one in found} == {2003}
    controls = {one["compliance"]["control"] for one in found}
    assert "protocol_versions (TP-TLS-001)" in controls


def test_html_is_the_page_of_a_report(recording: Path) -> None:
    page = replayed(recording, OutputFormat.HTML, *POLICY).stdout
    found = verify_report(page, None)
    assert (found.format, found.stated) == ("html", found.computed)


def test_json_is_one_list_of_what_jsonl_has_in_lines(recording: Path) -> None:
    whole = json.loads(replayed(recording, OutputFormat.JSON).stdout)
    lines = replayed(recording, OutputFormat.JSONL).stdout
    assert [json.loads(line) for line in lines.splitlines()] == whole
    assert lines == tlsprobe("replay", recording, "--json").stdout
    (observation,) = whole
    jsonschema.validate(observation, SCHEMA)


def test_a_list_of_several_observations_is_valid_json(closed_port: int) -> None:
    hosts = [f"127.0.0.{number}:{closed_port}" for number in (1, 2)]
    run = tlsprobe("scan", *hosts, "--output", "json")
    assert [one["address"] for one in json.loads(run.stdout)] == ["127.0.0.1", "127.0.0.2"]
    assert run.returncode == 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ["--output", "junit"],
            "--output junit reports the findings of policies: add --policy",
        ),
        (
            ["--json", "--output", "json"],
            "--json is short for --output jsonl: remove it, or --output json",
        ),
        (
            ["--brief", "--output", "jsonl"],
            "--brief and --output jsonl exclude each other: give one of them",
        ),
        (["--no-evidence"], "--no-evidence needs --json: add it"),
        (
            ["--watch", "60", "--json"],
            "--watch and --output jsonl exclude each other: remove one of them",
        ),
        (
            ["--watch", "60", "--record", "new.jsonl"],
            "--watch and --record exclude each other: remove one of them",
        ),
        (
            ["--watch", "60", "--service", "http://127.0.0.1:1"],
            "--watch and --service exclude each other: remove one of them",
        ),
        (["--watch", "0"], "--watch must be a whole number from 1 to 86400, not '0'"),
    ],
    ids=" ".join,
)
def test_options_that_exclude_each_other_are_named(options: list[str], sentence: str) -> None:
    run = tlsprobe("scan", "127.0.0.1:1", *options)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith(f"tlsprobe: {sentence}")


def test_an_unknown_format_is_an_error_with_all_names() -> None:
    run = tlsprobe("scan", "127.0.0.1:1", "--output", "xml")
    assert run.returncode == 2
    assert run.stderr.startswith(
        "tlsprobe: --output must be terminal, json, jsonl, csv, markdown, html, junit, sarif, oscal, ocsf or cbom, not 'xml'"
    )
