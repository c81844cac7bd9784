"""The required content of every format, and how the formats' own readers parse it."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from jsonschema import Draft4Validator
from junitparser import JUnitXml

from exporters.reports import (
    REPORTS,
    NotAReportError,
    ReportFormat,
    open_at_least,
    report_format,
    report_of,
    standings_of,
    verify_report,
)
from exporters.reports.report_json import report_digest, report_from_json, report_to_json
from model.findings.finding import Severity
from model.snapshot import Snapshot
from model.verdict import Verdict
from service.judging.held_claims import with_claims_held
from tests.exporters.reports.samples import (
    EXPIRED_WAIVER,
    NOW,
    POLICY,
    VERSIONS_RULE,
    WAIVER,
    report,
    request,
    snapshot,
    status,
)
from tests.support.claims import FILE, LINE, claiming

EVERY = pytest.mark.parametrize("form", REPORTS, ids=lambda form: form.name)
OF_ENDPOINTS = pytest.mark.parametrize(
    "form",
    [
        form
        for form in REPORTS
        if not form.name.startswith(("executive", "policy", "guidelines", "cbom", "post-quantum"))
    ],
    ids=lambda form: form.name,
)
SARIF_SCHEMA = json.loads(Path(__file__).with_name("sarif-2.1.0.schema.json").read_text())


@EVERY
def test_equal_data_give_equal_bytes(form: ReportFormat) -> None:
    assert form.write(report()) == form.write(report())


@EVERY
def test_every_format_states_the_hash_of_its_data(form: ReportFormat) -> None:
    assert report_digest(report()) in form.write(report())


@OF_ENDPOINTS
def test_every_report_shows_the_violation_and_the_requirement(form: ReportFormat) -> None:
    text = form.write(report())
    assert "The certificate chain is not trusted" in text
    assert "The certificate chain must be trusted" in text
    assert "TP-TRUST-001" in text


@EVERY
def test_every_report_starts_as_its_format_requires(form: ReportFormat) -> None:
    assert form.write(report()).startswith(form.start)


def test_a_waiver_counts_as_of_the_day_that_the_report_is_about() -> None:
    past = replace(snapshot(), taken_at=EXPIRED_WAIVER.expires_at - timedelta(days=1))
    assert open_at_least(report_of(past, request()), Severity.CRITICAL) == ()


@EVERY
def test_every_format_can_be_written_for_an_empty_report(form: ReportFormat) -> None:
    """JSON lines have a line for each item, and so none."""
    nothing = replace(report(), endpoints=(), policies=(), waivers=(), history=())
    assert bool(form.write(nothing)) is (form.media_type != "application/jsonl")


@OF_ENDPOINTS
def test_an_unreachable_endpoint_is_reported_with_its_reason(form: ReportFormat) -> None:
    text = form.write(report())
    assert "lost.example" in text
    assert "no answer within 10 s" in text


@OF_ENDPOINTS
def test_every_format_shows_the_author_reason_and_expiry_of_a_waiver(form: ReportFormat) -> None:
    text = form.write(report())
    for word in (WAIVER.owner, WAIVER.reason, "2026-08-10"):
        assert word in text


@OF_ENDPOINTS
def test_every_format_shows_the_time_and_the_tool_version(form: ReportFormat) -> None:
    text = form.write(replace(report(), tool_version="9.8.7"))
    assert "0.1.0" in text
    assert any(moment in text for moment in ("2026-07-01 12:00 UTC", "2026-07-01T12:00:00"))


def test_the_data_survive_their_json() -> None:
    assert report_from_json(json.loads(json.dumps(report_to_json(report())))) == report()


def test_claims_have_a_section_and_survive_the_json() -> None:
    seen = with_claims_held(status(claiming()))
    every = Snapshot(taken_at=NOW, endpoints=(seen,), resource_claims=(LINE,))
    made = report_of(every, request())
    assert report_from_json(report_to_json(made)) == made
    of_web = report_of(every, replace(request(), selection={"team": "web"}))
    assert (len(made.resource_claims), of_web.resource_claims) == (1, ())
    for text in (report_format(one).write(made) for one in ("markdown", "html")):
        section = text.partition("Claims</h2>")[2] or text.partition("## Claims")[2]
        assert section.index("the server accepts TLS 1.3 only") < section.index(
            "the link has MACsec"
        )
        assert FILE in section
        assert LINE.resource in section
        assert "TLS 1.2 accepted" in section
        assert "contradicted (a scanner" in section


def test_an_expired_waiver_reopens_its_finding() -> None:
    assert EXPIRED_WAIVER.expires_at < NOW
    keys = {(one.endpoint_key, one.result.rule) for one in open_at_least(report(), Severity.INFO)}
    assert keys == {
        ("wiki.example:443@192.0.2.1", "trusted"),
        ("wiki.example:443@192.0.2.1", "protocol_versions"),
        ("lost.example:443@192.0.2.1", "protocol_versions"),
    }


def test_the_gate_counts_unknown_results_by_default() -> None:
    assert len(open_at_least(report(), Severity.HIGH)) == 3
    assert len(open_at_least(report(), Severity.HIGH, include_unknown=False)) == 1
    assert len(open_at_least(report(), Severity.CRITICAL)) == 1


def test_a_selection_leaves_out_endpoints_without_its_labels() -> None:
    chosen = report_of(snapshot(), request(team="payments"))
    assert [endpoint.key for endpoint in chosen.endpoints] == ["old.example:443@192.0.2.1"]
    assert chosen.selection == {"team": "payments"}


def test_compliance_is_counted_by_the_grouping_label() -> None:
    past = standings_of(snapshot(), "team", {})
    assert past.teams == {
        "payments": {Verdict.NO: 1},
        "web": {Verdict.YES: 1, Verdict.NO: 1, Verdict.UNKNOWN: 1},
    }


def test_csv_has_a_row_for_each_finding_and_each_endpoint_without() -> None:
    rows = list(csv.DictReader(io.StringIO(report_format("csv").write(report()), newline="")))
    assert len(rows) == 5
    assert {row["outcome"] for row in rows} == {"fail", "unknown", ""}
    assert all(None not in row and None not in row.values() for row in rows)


def test_junit_distinguishes_failures_errors_and_skips() -> None:
    suites = JUnitXml.fromstring(report_format("junit").write(report()).encode())
    by_name = {suite.name.partition(":")[0]: suite for suite in suites}
    assert {name: (s.tests, s.failures, s.errors, s.skipped) for name, s in by_name.items()} == {
        "old.example": (2, 0, 0, 1),
        "wiki.example": (2, 1, 1, 0),
        "www.example": (2, 0, 0, 1),
        "lost.example": (2, 0, 2, 0),
    }
    assert (suites.tests, suites.failures, suites.errors, suites.skipped) == (8, 1, 3, 2)


def test_sarif_is_valid_by_its_schema() -> None:
    log = json.loads(report_format("sarif").write(report()))
    assert [*Draft4Validator(SARIF_SCHEMA).iter_errors(log)] == []


def test_sarif_distinguishes_open_failed_and_accepted_results() -> None:
    (run,) = json.loads(report_format("sarif").write(report()))["runs"]
    said = {
        (one["kind"], one["level"], tuple(s["status"] for s in one.get("suppressions", ())))
        for one in run["results"]
    }
    assert said == {
        ("fail", "error", ("accepted",)),
        ("fail", "error", ("rejected",)),
        ("open", "none", ()),
    }
    (notification,) = run["invocations"][0]["toolExecutionNotifications"]
    assert "lost.example" in notification["message"]["text"]


def test_sarif_has_identifier_name_requirement_and_violation() -> None:
    (run,) = json.loads(report_format("sarif").write(report()))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [(one["id"], one["name"]) for one in rules] == [
        ("TP-TLS-001", "protocol_versions"),
        ("TP-TRUST-001", "trusted"),
    ]
    assert rules[0]["fullDescription"]["text"] == (
        "Only the allowed protocol versions may be offered"
    )
    for one in run["results"]:
        assert one["ruleId"] == rules[one["ruleIndex"]]["id"]
    assert any(
        one["message"]["text"].endswith(
            ": A protocol version that is not allowed is offered: TLS 1.0 accepted"
        )
        for one in run["results"]
    )


def test_a_rule_that_policies_use_twice_has_two_sarif_ids() -> None:
    twice = replace(
        VERSIONS_RULE, rule="no-ssl", requirement="SSL 2.0 and SSL 3.0 must not be offered"
    )
    policy = replace(POLICY, rules=(VERSIONS_RULE, twice))
    (run,) = json.loads(report_format("sarif").write(replace(report(), policies=(policy,))))["runs"]
    ids = [one["id"] for one in run["tool"]["driver"]["rules"]]
    assert ids == [
        "TP-TLS-001/intermediate/protocol_versions",
        "TP-TLS-001/intermediate/no-ssl",
        "TP-TRUST-001",
    ]


@EVERY
def test_an_intact_report_is_verified_by_its_data(form: ReportFormat) -> None:
    data = report_format("json").write(report())
    found = verify_report(form.write(report()), None if form.needs_cryptography else data)
    assert found.is_intact
    assert found.format == form.name


@pytest.mark.parametrize("name", ["json", "html"])
def test_a_report_with_embedded_data_is_verified_without_other_files(name: str) -> None:
    assert verify_report(report_format(name).write(report())).is_intact


@pytest.mark.parametrize(("old", "new"), [("TLS 1.0 accepted", "TLS 1.2 accepted"), ("old", "new")])
@pytest.mark.parametrize("name", ["json", "html"])
def test_a_report_whose_data_were_changed_is_not_intact(name: str, old: str, new: str) -> None:
    text = report_format(name).write(report())
    assert old in text
    assert not verify_report(text.replace(old, new)).is_intact


def test_a_page_with_only_its_text_changed_is_not_intact() -> None:
    text = report_format("html").write(report())
    changed = text.replace("<b>4</b>", "<b>3</b>")
    assert changed != text
    found = verify_report(changed)
    assert found.stated == found.computed
    assert not found.is_intact


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "<p>", '{"sha256": "", "report": {}}'])
def test_a_text_that_is_not_a_report_is_refused(text: str) -> None:
    with pytest.raises(NotAReportError):
        verify_report(text)


@pytest.mark.integration
def test_jq_computes_the_same_hash(tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    file.write_text(report_format("json").write(report()))
    command = (
        "jq --compact-output --sort-keys --ascii-output .report report.json "
        "| tr -d '\\n' | sha256sum"
    )
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    assert done.stdout.split()[0] == report_digest(report())
