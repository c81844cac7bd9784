"""Observations for a person at a terminal: a report of one, the verdict first; and a line for each of many."""

from exporters.terminal.scan_report.form import ReportForm
from exporters.terminal.scan_report.report import render_report
from exporters.terminal.scan_report.summary import SummaryLine, render_brief, render_summary

__all__ = ["ReportForm", "SummaryLine", "render_brief", "render_report", "render_summary"]
