"""A report of all endpoints as the output of a scan, in a format of ``tlsprobe report``.

A module of its own, because only a scan that prints such a report loads the formats.
"""

from __future__ import annotations

from datetime import datetime
from typing import TextIO

from exporters.reports import report_format
from model.findings.judged import Judged
from model.observation import Observation
from policy import PolicySet
from service.scan.report_files import scan_report


class ReportWriter:
    """Collects what ``book`` said of each Observation, and writes the report of all to ``stream`` at the end."""

    def __init__(self, format_name: str, book: PolicySet, stream: TextIO) -> None:
        self._format = report_format(format_name)
        self._book = book
        self._stream = stream
        self._seen: list[tuple[Observation, Judged]] = []

    def write(self, observation: Observation, judged: Judged | None, now: datetime) -> None:
        """Add one Observation, if it was judged, to the report."""
        del now
        if judged is not None:
            self._seen.append((observation, judged))

    def end(self, now: datetime) -> None:
        """Write the report, as of ``now`` (aware)."""
        self._stream.write(self._format.write(scan_report(self._seen, self._book, now)))
        self._stream.flush()
