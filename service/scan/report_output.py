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
    """Collects what ``book``, if there is one, said of each Observation, and writes the report of all to ``stream``."""

    def __init__(self, format_name: str, book: PolicySet | None, stream: TextIO) -> None:
        self._format = report_format(format_name)
        self._book = book or PolicySet()
        self._stream = stream
        self._seen: list[tuple[Observation, Judged | None]] = []

    def write(self, observation: Observation, judged: Judged | None, now: datetime) -> None:
        """Add one Observation to the report."""
        del now
        self._seen.append((observation, judged))

    def end(self, now: datetime) -> None:
        """Write the report, as of ``now`` (aware)."""
        with_cryptography = self._format.needs_cryptography
        report = scan_report(self._seen, self._book, now, with_cryptography=with_cryptography)
        self._format.write_to(report, self._stream.write)
        self._stream.flush()
