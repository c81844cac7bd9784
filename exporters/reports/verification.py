"""Verifies that a report was not altered: its data by their SHA-256, its text by writing it again.

A format is a pure function of the data. Anyone who has the data (inside a JSON or HTML report, or in a JSON
report stored with another format) can write the report again with the same version of tlsprobe and compare it
byte by byte. The hash reveals accidental changes, and changes to data or text alone. A change to both is
revealed only by a copy of the hash that is stored elsewhere.
"""

from __future__ import annotations

import json
from typing import Any, Final

from exporters.reports.catalogue import REPORTS
from exporters.reports.cbom.verification import NotACbomError, verify_cbom
from exporters.reports.formats.as_cbom import CBOM_START
from exporters.reports.formats.as_html import DATA_END, DATA_START
from exporters.reports.report import Report
from exporters.reports.report_json import Json, digest_of, report_from_json, report_to_json
from model.frozen import frozen

_NO_DATA: Final = (
    "it contains no report data: add --data FILE with the JSON report of the same data"
)
_DIGEST_START: Final = '<pre id="sha256">'
_DIGEST_END: Final = "</pre>"


class NotAReportError(ValueError):
    """The input is not a report, or has no data; the message is one sentence with how to fix it."""


@frozen
class Verification:
    """The result of verifying a report.

    ``stated`` is the SHA-256 that the report states, ``computed`` that of its data. ``format`` is the format
    that reproduces the file byte by byte, or None. ``version`` is the version that wrote the report.
    ``states_computed`` is whether the text contains ``computed``: every format states the SHA-256 of its data.
    ``problem`` is the first thing wrong in a CBOM.
    """

    stated: str
    computed: str
    format: str | None
    version: str
    states_computed: bool
    problem: str | None = None

    @property
    def is_intact(self) -> bool:
        """Whether data and text are both unchanged."""
        is_as_stated = self.stated == self.computed and self.problem is None
        return is_as_stated and self.format is not None


def verify_report(text: str, data: str | None = None) -> Verification:
    """Verify a report's ``text`` with the data in it, or with ``data``, the text of a JSON report.

    The data of a CBOM are Observations with their proofs, one JSON object a line; without them it is compared with
    itself.

    Raises:
        NotAReportError: if there are no data to verify with.
    """
    if text.startswith(CBOM_START):
        return _of_cbom(text, data)
    stated, fields = _data_of(text if data is None else data)
    report = _report(fields)
    computed = digest_of(fields)
    return Verification(
        stated=stated,
        computed=computed,
        format=_format_of(text, report) if report_to_json(report) == fields else None,
        version=report.tool_version,
        states_computed=computed in text,
    )


def _of_cbom(text: str, data: str | None) -> Verification:
    try:
        found = verify_cbom(_parsed(text), data)
    except NotACbomError as error:
        raise NotAReportError(str(error)) from error
    return Verification(
        stated=found.stated,
        computed=found.computed,
        format="cbom",
        version=found.version,
        states_computed=True,
        problem=found.problem,
    )


def _data_of(text: str) -> tuple[str, Json]:
    """The stated SHA-256, and the data."""
    start = text.rfind(DATA_START)
    if start >= 0:
        start += len(DATA_START)
        fields = _parsed(text[start : text.find(DATA_END, start)])
        return _stated_in_html(text), fields
    outer = _parsed(text)
    if not isinstance(outer.get("sha256"), str) or not isinstance(outer.get("report"), dict):
        raise NotAReportError(_NO_DATA)
    return outer["sha256"], outer["report"]


def _stated_in_html(text: str) -> str:
    _, _, after = text.rpartition(_DIGEST_START)
    return after.partition(_DIGEST_END)[0]


def _parsed(text: str) -> dict[str, Any]:
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        fields = None
    if not isinstance(fields, dict):
        raise NotAReportError(_NO_DATA)
    return fields


def _report(fields: Json) -> Report:
    try:
        return report_from_json(fields)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise NotAReportError(
            f"its data are not a report of this version of tlsprobe ({error}): "
            "verify it with the version that made it"
        ) from error


def _format_of(text: str, report: Report) -> str | None:
    possible = (one for one in REPORTS if text.startswith(one.start))
    return next((one.name for one in possible if one.write(report) == text), None)
