"""The formats in which a scan prints what it found; the names of reports are those of ``exporters.reports.REPORTS``.

A module of its own, because the help of ``tlsprobe scan`` names the formats and loads none of them.
"""

from __future__ import annotations

from enum import StrEnum


class OutputFormat(StrEnum):
    """A format of the output, by the name that users type."""

    TERMINAL = "terminal"
    JSON = "json"
    JSONL = "jsonl"
    CSV = "csv"
    MARKDOWN = "markdown"
    HTML = "html"
    JUNIT = "junit"
    SARIF = "sarif"
    OSCAL = "oscal"
    OCSF = "ocsf"
    CBOM = "cbom"

    @property
    def has_observations(self) -> bool:
        """Whether it is the Observations themselves, with their evidence."""
        return self in {OutputFormat.JSON, OutputFormat.JSONL}

    @property
    def is_report(self) -> bool:
        """Whether it is a report of all endpoints, which is written once everything is known."""
        return self is not OutputFormat.TERMINAL and not self.has_observations

    @property
    def needs_policies(self) -> bool:
        """Whether it reports nothing without a policy."""
        return self.is_report and self is not OutputFormat.CBOM
