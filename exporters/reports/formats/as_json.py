"""The report as JSON: its data and their SHA-256, which ``tlsprobe report verify`` computes again."""

from __future__ import annotations

import json

from exporters.reports.report import Report
from exporters.reports.report_json import digest_of, report_to_json


def write_json(report: Report) -> str:
    """``{"sha256": …, "report": …}``, indented, because people read it too."""
    fields = report_to_json(report)
    return json.dumps({"sha256": digest_of(fields), "report": fields}, indent=2) + "\n"
