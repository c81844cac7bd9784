"""The report as CSV (RFC 4180): one row per finding, and one for each endpoint without findings.

Facts about the whole report are repeated in every row, because rows get separated from their file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exporters.reports import words
from exporters.reports.report import Report, ReportedEndpoint, ReportedFinding
from exporters.reports.report_json import report_digest
from model.safe_output.csv_text import csv_text

COLUMNS: Final = (
    "endpoint",
    "target",
    "address",
    "labels",
    "state",
    "reason",
    "last_probe_at",
    "last_success_at",
    "tool_version",
    "unknown",
    "policy",
    "rule",
    "rule_id",
    "severity",
    "outcome",
    "status",
    "violation",
    "requirement",
    "observed",
    "required",
    "source",
    "first_seen_at",
    "last_seen_at",
    "reopened",
    "waiver_owner",
    "waiver_reason",
    "waiver_expires_at",
    "fingerprint",
    "remedy_server",
    "remedy",
    "generated_at",
    "report_sha256",
)


def write_csv(report: Report) -> str:
    """The rows under their header."""
    about = (words.minute(report.generated_at), report_digest(report))
    rows = ((*cells, *about) for endpoint in report.endpoints for cells in _rows(endpoint))
    return csv_text((COLUMNS, *rows))


def _rows(endpoint: ReportedEndpoint) -> Iterator[tuple[str, ...]]:
    about = (
        endpoint.key,
        endpoint.target,
        endpoint.address or "",
        words.labels(endpoint.labels),
        endpoint.state,
        endpoint.reason or "",
        words.minute(endpoint.last_probe_at),
        words.minute(endpoint.last_success_at),
        endpoint.tool_version,
        "; ".join(endpoint.unknown),
    )
    for found in endpoint.findings:
        yield (*about, *_finding(found))
    if not endpoint.findings:
        yield (*about, *("",) * (len(COLUMNS) - len(about) - 2))


def _finding(found: ReportedFinding) -> tuple[str, ...]:
    finding, result = found.finding, found.finding.result
    waiver, remedy = finding.waiver, found.remedy
    return (
        result.policy,
        result.rule,
        result.rule_id or "",
        result.severity.value,
        result.outcome.value,
        finding.status.value,
        result.violation,
        result.requirement,
        result.observed,
        result.required,
        result.source,
        words.minute(finding.first_seen_at),
        words.minute(finding.last_seen_at),
        str(finding.reopened),
        waiver.owner if waiver else "",
        waiver.reason if waiver else "",
        words.minute(waiver.expires_at) if waiver else "",
        finding.fingerprint,
        remedy.server if remedy else "",
        " ⏎ ".join(remedy.lines) if remedy else "",
    )
