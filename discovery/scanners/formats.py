"""Reads what other scanners wrote: Prowler (OCSF and CSV, version 4 and later), Checkov (JSON), Security Hub (ASFF),
AWS Config (compliance details).

The form is recognized by its content. Muted and suppressed findings, and those that are neither passed nor failed, are
left out.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from discovery.apis.json_text import read_json
from model.frozen import frozen

PROWLER: Final = "prowler"
CHECKOV: Final = "checkov"
SECURITY_HUB: Final = "security_hub"
AWS_CONFIG: Final = "aws_config"

_FORMS: Final = (
    "use Prowler's OCSF or CSV, Checkov's JSON, or the output of `aws securityhub get-findings` or `aws configservice "
    "get-compliance-details-by-config-rule`"
)
_PROWLER_COLUMNS: Final = ("CHECK_ID", "STATUS", "RESOURCE_UID")
_PROWLER_GENERATOR: Final = "prowler-"
_OUTCOMES: Final = {
    "FAIL": True,
    "FAILED": True,
    "NON_COMPLIANT": True,
    "PASS": False,
    "PASSED": False,
    "COMPLIANT": False,
}
_EVALUATIONS: Final = ("EvaluationResults", "AggregateEvaluationResults")
_OF_SECURITY_HUB: Final = re.compile(r"securityhub-(.+)-[0-9a-z]{6,8}")
"""The name that Security Hub gives a rule of AWS Config: a prefix, the rule's usual name, and a suffix."""


class FormatError(ValueError):
    """The text has another form; the message says where, and what to do."""


@frozen
class ScannerFinding:
    """One result of one check: ``resource`` is an ARN, or the address of a block in a file."""

    scanner: str
    check: str
    resource: str
    is_failed: bool
    place: str = ""
    """The file and line that the scanner read, if it says so."""


def read_findings(text: str) -> Iterator[ScannerFinding]:
    """The findings.

    Raises:
        FormatError: if the text has none of the forms, or a finding lacks a field.
    """
    start = text.lstrip("\ufeff \t\r\n")[:1]
    if start not in {"[", "{"}:
        yield from _csv(text.removeprefix("\ufeff"))
        return
    try:
        value = read_json(text.removeprefix("\ufeff"))
    except ValueError as error:
        raise FormatError(f"is not valid JSON: {error}: write it again") from error
    if isinstance(value, dict) and "Findings" in value:
        yield from _each(value["Findings"], "Findings", _asff)
    elif isinstance(value, dict) and (name := next(filter(value.__contains__, _EVALUATIONS), "")):
        yield from _each(value[name], name, _evaluation)
    elif isinstance(value, dict):
        yield from _checkov(value, "")
    elif value and all(isinstance(one, dict) and "results" in one for one in value):
        for number, one in enumerate(value):
            yield from _checkov(one, f"[{number}].")
    elif value and all(isinstance(one, dict) and "ProductArn" in one for one in value):
        yield from _each(value, "", _asff)
    else:
        yield from _each(value, "", _ocsf)


def _each(value: Any, name: str, read: Any) -> Iterator[ScannerFinding]:
    if not isinstance(value, list):
        raise FormatError(f"{name} must be a list: {_FORMS}")
    for number, one in enumerate(value):
        try:
            yield from read(one)
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            what = f"lacks {error}" if isinstance(error, KeyError) else "has another form"
            raise FormatError(f"{name}[{number}] {what}: {_FORMS}") from error


def _ocsf(one: Mapping[str, Any]) -> Iterator[ScannerFinding]:
    check, status = one["metadata"]["event_code"], one["status_code"]
    if status not in _OUTCOMES or one.get("status") == "Suppressed":
        return
    for resource in one["resources"]:
        yield _finding(PROWLER, check, resource["uid"], status)


def _asff(one: Mapping[str, Any]) -> Iterator[ScannerFinding]:
    status = one.get("Compliance", {}).get("Status")
    is_suppressed = one.get("Workflow", {}).get("Status") == "SUPPRESSED"
    if status not in _OUTCOMES or is_suppressed or one.get("RecordState") == "ARCHIVED":
        return
    generator = str(one["GeneratorId"])
    scanner, check = SECURITY_HUB, one.get("Compliance", {}).get("SecurityControlId", generator)
    if generator.startswith(_PROWLER_GENERATOR):
        scanner, check = PROWLER, generator.removeprefix(_PROWLER_GENERATOR)
    for resource in one["Resources"]:
        yield _finding(scanner, check, resource["Id"], status)


def _evaluation(one: Mapping[str, Any]) -> Iterator[ScannerFinding]:
    """A rule with its usual name, which is its identifier in other letters; Config gives names only."""
    status = one["ComplianceType"]
    if status not in _OUTCOMES:
        return
    about = one["EvaluationResultIdentifier"]["EvaluationResultQualifier"]
    name = about["ConfigRuleName"]
    usual = _OF_SECURITY_HUB.sub(r"\1", name)
    yield _finding(AWS_CONFIG, usual.upper().replace("-", "_"), about["ResourceId"], status)


def _checkov(report: Mapping[str, Any], name: str) -> Iterator[ScannerFinding]:
    results = report.get("results")
    if not isinstance(results, dict):
        raise FormatError(f"{name}results is missing: {_FORMS}")
    for part, status in (("failed_checks", "FAIL"), ("passed_checks", "PASS")):

        def read(one: Mapping[str, Any], status: str = status) -> Iterator[ScannerFinding]:
            first, _ = one["file_line_range"]
            place = f"{one['file_path']}, line {first}"
            yield _finding(CHECKOV, one["check_id"], one["resource"], status, place)

        yield from _each(results.get(part, []), f"{name}results.{part}", read)


def _csv(text: str) -> Iterator[ScannerFinding]:
    reader = csv.DictReader(text.splitlines(), delimiter=";", strict=True)
    try:
        missing = [name for name in _PROWLER_COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise FormatError(f"line 1 has no column {missing[0]}: {_FORMS}")
        for row in reader:
            if None in row.values():
                raise FormatError(f"line {reader.line_num} has too few columns: write it again")
            if row["STATUS"] in _OUTCOMES and row.get("MUTED", "").lower() != "true":
                yield _finding(PROWLER, row["CHECK_ID"], row["RESOURCE_UID"], row["STATUS"])
    except csv.Error as error:
        line = reader.line_num
        raise FormatError(f"line {line} is not valid CSV ({error}): write it again") from error


def _finding(
    scanner: str, check: Any, resource: Any, status: str, place: str = ""
) -> ScannerFinding:
    if not isinstance(check, str) or not isinstance(resource, str):
        raise TypeError("a check and a resource are texts")
    return ScannerFinding(
        scanner=scanner,
        check=check,
        resource=resource,
        is_failed=_OUTCOMES[status],
        place=place,
    )
