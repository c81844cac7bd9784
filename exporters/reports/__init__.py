"""Reports as evidence: what was probed, when, what was found, who answers for it, and a hash over it all.

A Snapshot becomes a Report once (``report_of``); ``REPORTS`` is the catalogue of the formats in which
it can be written, and ``verify_report`` tells later whether one still says what it said.
"""

from __future__ import annotations

from exporters.reports.builder import RemedyOf, ReportRequest, report_of, standings_of
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
    "report_format",
    "report_of",
    "standings_of",
    "verify_report",
]
