"""Reports as evidence: what was probed, when, what was found, who is responsible, and a hash over everything.

``report_of`` turns a Snapshot into a Report. ``REPORTS`` is the catalogue of its formats. ``verify_report``
checks later that a report was not altered.
"""

from __future__ import annotations

from exporters.reports.builder import (
    RemedyOf,
    ReportRequest,
    outcomes_of,
    report_of,
    standings_of,
)
from exporters.reports.catalogue import REPORTS, ReportFormat, report_format
from exporters.reports.report import PolicyRule, PolicyText, Report, open_at_least
from exporters.reports.verification import NotAReportError, Verification, verify_report

__all__ = [
    "REPORTS",
    "NotAReportError",
    "PolicyRule",
    "PolicyText",
    "RemedyOf",
    "Report",
    "ReportFormat",
    "ReportRequest",
    "Verification",
    "open_at_least",
    "outcomes_of",
    "report_format",
    "report_of",
    "standings_of",
    "verify_report",
]
