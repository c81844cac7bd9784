"""The list of endpoints in the order in which they should get post-quantum key exchange, as CSV (RFC 4180)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from exporters.reports import words
from exporters.reports.quantum import KEY_EXCHANGE, ReportedQuantum, in_migration_order
from exporters.reports.report import Report, ReportedEndpoint
from exporters.reports.report_json import report_digest
from model.judging.exposure import Exposure, years_of
from model.judging.quantum import DEADLINES, NEVER_PROVED
from model.safe_output.csv_text import csv_text
from model.verdict import Verdict

COLUMNS: Final = (
    "place",
    "endpoint",
    "target",
    "address",
    "labels",
    "state",
    "reason",
    "post_quantum_key_exchange",
    "secrecy_years",
    "migration_years",
    *(f"misses_{one.name}_{one.last_day}" for one in DEADLINES),
    "first_proved_at",
    "lost_at",
    "last_probe_at",
    "tool_version",
    "generated_at",
    "report_sha256",
)

_UNKNOWN: Final = ReportedQuantum(
    exposure=Exposure(key_exchange=Verdict.UNKNOWN, years=years_of({})),
    deadlines={},
    history=NEVER_PROVED,
)
"""Of an endpoint that did not answer."""


def write_post_quantum(report: Report) -> str:
    """The rows under their header; endpoints that did not answer come last, and have no place."""
    about = (words.minute(report.generated_at), report_digest(report))
    return csv_text((COLUMNS, *((*cells, *about) for cells in _rows(report))))


def _rows(report: Report) -> Iterator[tuple[str, ...]]:
    endpoints = {one.key: one for one in report.endpoints}
    known = ((one.key, one.quantum) for one in report.endpoints if one.quantum is not None)
    for place, (key, found) in enumerate(in_migration_order(known), 1):
        yield (str(place), *_cells(endpoints[key], found))
    for endpoint in report.endpoints:
        if endpoint.quantum is None:
            yield ("", *_cells(endpoint, _UNKNOWN))


def _cells(endpoint: ReportedEndpoint, found: ReportedQuantum) -> tuple[str, ...]:
    years = found.exposure.years
    return (
        endpoint.key,
        endpoint.target,
        endpoint.address or "",
        words.labels(endpoint.labels),
        endpoint.state,
        endpoint.reason or "",
        KEY_EXCHANGE[found.exposure.key_exchange],
        _number(years.secrecy),
        _number(years.migration),
        *(found.deadlines.get(one.name, Verdict.UNKNOWN).value for one in DEADLINES),
        _moment(found.history.first_proved_at),
        _moment(found.history.lost_at),
        words.minute(endpoint.last_probe_at),
        endpoint.tool_version,
    )


def _number(years: int | None) -> str:
    return "unknown" if years is None else str(years)


def _moment(at: datetime | None) -> str:
    return "" if at is None else words.minute(at)
