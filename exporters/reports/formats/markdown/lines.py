"""The lines that every document has: a heading, a table, and the hash of its data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from exporters.reports.report import Report
from exporters.reports.report_json import report_digest


def heading(text: str, level: int = 2) -> Iterator[str]:
    """A heading of escaped text."""
    yield from (f"{'#' * level} {text}", "")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table of escaped cells; ``None.`` without rows."""
    if not rows:
        yield from ("None.", "")
        return
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""


def verification(report: Report) -> Iterator[str]:
    """The hash of the data."""
    yield from heading("Verification")
    yield f"SHA-256 of this report's data: `{report_digest(report)}`"
