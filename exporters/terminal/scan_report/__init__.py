"""The report of one Observation for a person at a terminal: the verdict, the findings, then the facts."""

from exporters.terminal.scan_report.report import ReportForm, render_report

__all__ = ["ReportForm", "render_report"]
