"""The report as CSV (RFC 4180): one row per finding, and one for each endpoint without findings.

Spreadsheets compute cells that begin with ``=``, ``+``, ``-``, ``@``, a tab or a return, or with the
full-width forms of these. Such a cell therefore begins with an apostrophe, as OWASP's page on CSV injection
advises. Facts about the whole report are repeated in every row, because rows get separated from their file.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Final

from exporters.reports import words
from exporters.reports.report import Report, ReportedEndpoint, ReportedFinding
from exporters.reports.report_json import report_digest

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
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def write_csv(report: Report) -> str:
    """The rows under their header, with every cell quoted and lines ended by CR LF."""
    page = StringIO()
    writer = csv.writer(page, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    about = (words.minute(report.generated_at), report_digest(report))
    for endpoint in report.endpoints:
        for cells in _rows(endpoint):
            writer.writerow([cell(text) for text in (*cells, *about)])
    return page.getvalue()


def cell(text: str) -> str:
    """``text`` as a cell that no spreadsheet computes."""
    clean = words.clean(text)
    return f"'{clean}" if clean.lstrip(" ").startswith(_FORMULA_STARTS) else clean


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
