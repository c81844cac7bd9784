"""The report as OCSF, by the published schema: attributes, types, requirements and identifiers with their captions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings

from exporters.reports import Report, report_format
from exporters.reports.report_json import report_digest
from model.findings.finding import FindingStatus
from tests.exporters.reports.samples import hostile_reports, report

SCHEMA: Final = json.loads(Path(__file__).with_name("ocsf-1.3.0.json").read_text())
_TYPES: Final = {"string_t": str, "integer_t": int, "long_t": int, "timestamp_t": int}


def lines(of: Report) -> list[dict[str, Any]]:
    return [json.loads(line) for line in report_format("ocsf").write(of).splitlines()]


def faults(value: Mapping[str, Any], name: str, place: str = "") -> Iterator[str]:
    """What the schema does not allow in an object of that name."""
    known = SCHEMA[name]["attributes"]
    for attribute, rule in known.items():
        if rule.get("required") and attribute not in value:
            yield f"{place}{attribute} is missing"
    for one in SCHEMA[name].get("constraints", {}).values():
        if not any(attribute in value for attribute in one):
            yield f"{place} has none of {one}"
    for attribute, found in value.items():
        where = f"{place}{attribute}"
        if attribute not in known:
            yield f"{where} is unknown"
            continue
        rule = known[attribute]
        if bool(rule.get("array")) is not isinstance(found, list):
            yield f"{where} is a list, or should be one"
        for one in found if isinstance(found, list) else [found]:
            if rule["type"] in SCHEMA:
                yield from faults(one, rule["type"], f"{where}.")
            elif type(one) is not _TYPES[rule["type"]]:
                yield f"{where} is not {rule['type']}"
        if names := rule.get("enum"):
            about = attribute.removesuffix("_uid").removesuffix("_id")
            caption = value.get(about, value.get(f"{about}_name"))
            if names.get(str(found)) != caption:
                yield f"{where} {found} is not {caption}"


@pytest.fixture(scope="module")
def found() -> list[dict[str, Any]]:
    return lines(report())


def test_every_line_is_a_compliance_finding_of_the_schema(found: list[dict[str, Any]]) -> None:
    assert SCHEMA["version"] == "1.3.0"
    assert found
    for line in found:
        assert list(faults(line, "compliance_finding")) == []
        assert line["class_uid"] == 2003
        assert line["type_uid"] == 200300 + line["activity_id"]
        assert line["metadata"]["version"] == "1.3.0"


def test_findings_are_failed_checks_and_waived_ones_are_suppressed() -> None:
    seen = report()
    shown = {line["finding_info"]["uid"]: line for line in lines(seen)}
    for endpoint, one in seen.findings():
        line, finding = shown[one.finding.fingerprint], one.finding
        assert line["compliance"]["status"] == (
            "Fail" if finding.result.outcome == "fail" else "Warning"
        )
        assert (line["status"] == "Suppressed") is (finding.status is FindingStatus.WAIVED)
        assert ("comment" in line) is (finding.waiver is not None)
        assert line["resources"][0]["uid"] == endpoint.key
        assert datetime.fromtimestamp(line["time"] / 1000, UTC) == finding.last_seen_at
        assert datetime.fromisoformat(line["time_dt"]) == finding.last_seen_at
    unreached = {f"{endpoint.key} not reached" for endpoint in seen.not_reached}
    assert shown.keys() - {one.finding.fingerprint for _, one in seen.findings()} == unreached


def test_the_digest_of_the_report_is_in_every_line(found: list[dict[str, Any]]) -> None:
    assert {line["metadata"]["correlation_uid"] for line in found} == {report_digest(report())}


def test_a_label_with_an_arn_is_a_resource_too() -> None:
    arn = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/web/1/2"
    seen = report()
    (first, *_) = (one for one in seen.endpoints if one.findings)
    named = replace(first, labels={"arn": arn, "team": "web"})
    (line, *_) = lines(replace(seen, endpoints=(named,)))
    assert [one["uid"] for one in line["resources"]] == [first.key, arn]
    assert line["resources"][0]["labels"] == [f"arn:{arn}", "team:web"]


@settings(max_examples=25, deadline=None)
@given(hostile_reports())
def test_hostile_texts_give_lines_of_the_schema(hostile: Report) -> None:
    for line in lines(hostile):
        assert list(faults(line, "compliance_finding")) == []
