"""Observations as text for a person: reports or brief lines, and the table of all at the end.

A module of its own, because a scan imports it while the first answers are on their way, and never for JSON.
"""

from __future__ import annotations

from datetime import datetime
from typing import TextIO

from exporters.terminal.scan_report import (
    SummaryLine,
    render_brief,
    render_report,
    render_summary,
)
from exporters.terminal.scan_report.form import form_for
from model.findings.judged import Judged
from model.judging.ssl_labs import GRADES, grade
from model.observation import Observation
from service.scan.output import ScanOptions


class TextWriter:
    """Writes to ``stream`` in the form of the options, and remembers a line of each Observation for the table."""

    def __init__(self, options: ScanOptions, stream: TextIO) -> None:
        self._stream = stream
        self._is_brief = options.is_brief
        self._form = form_for(stream, no_colour=options.no_colour, is_verbose=options.is_verbose)
        self._lines: list[SummaryLine] = []

    def write(self, observation: Observation, judged: Judged | None, now: datetime) -> None:
        """Write one Observation; ``now`` (aware) is the time from which days to expiry count."""
        its_grade = graded(observation, now)
        line = SummaryLine.of(observation, now, grade=its_grade, judged=judged)
        self._lines.append(line)
        if self._is_brief:
            self._put(render_brief(line, self._form))
            return
        report = render_report(observation, now, form=self._form, grade=its_grade, judged=judged)
        self._put(report if len(self._lines) == 1 else f"\n{report}")

    def end(self, now: datetime) -> None:
        """Write the table of all endpoints after the reports of several; nothing after brief lines."""
        del now
        if len(self._lines) > 1 and not self._is_brief:
            self._put(f"\n{render_summary(self._lines, self._form)}")

    def _put(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()


def graded(observation: Observation, now: datetime) -> str | None:
    """The SSL Labs grade with its reasons, worst first; None if the scan did not ask for what decides it."""
    if not observation.cipher_suites or not observation.own_certificates:
        return None
    found = grade(observation, now)
    is_open = found.unknown_below(found.letter) + found.not_asked_below(found.letter)
    at_best = " at best" if is_open else ""
    worst_first = sorted(found.reasons, key=lambda said: -GRADES.index(said.partition(":")[0]))
    reasons = [*worst_first, *(f"not known: {what}" for what in is_open)]
    return f"{found.letter}{at_best} by the SSL Labs guide{''.join(f'; {one}' for one in reasons)}"
