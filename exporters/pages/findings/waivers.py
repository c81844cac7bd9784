"""Waivers, and the form that waives one finding, as values for their templates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from exporters.pages.findings.cards import finding_title
from exporters.pages.links import endpoint_link, endpoint_parameters
from exporters.pages.rows import Row
from exporters.reports import words
from model.findings.finding import Finding, Waiver
from model.frozen import frozen

LONGEST_REASON: Final = 500
_USUAL_SPAN: Final = timedelta(days=90)


@frozen
class WaiverLine:
    """A waiver of the list; one of a policy file can only be changed there."""

    waiver: Waiver
    is_of_file: bool
    is_over: bool

    @property
    def scope(self) -> str:
        """What it covers, in words."""
        return words.waiver_scope(self.waiver)

    @property
    def link(self) -> str:
        """The form that changes it."""
        return f"/waivers/{self.waiver.name}"


@frozen
class OpenFinding:
    """A finding with the endpoint that has it."""

    row: Row
    finding: Finding


def waive_values(
    found: OpenFinding, given: Mapping[str, str], today: date, fault: str
) -> Mapping[str, Any]:
    """The values for ``waive.html``; ``given`` is what the user has typed, ``fault`` what is wrong with it."""
    row, result = found.row, found.finding.result
    return {
        "row": row,
        "parameters": endpoint_parameters(row),
        "title": finding_title(result),
        "result": result,
        "back": endpoint_link(row),
        "scope": given.get("scope") or "target",
        "reason": given.get("reason", ""),
        "expires": given.get("expires") or (today + _USUAL_SPAN).isoformat(),
        "today": today,
        "longest_reason": LONGEST_REASON,
        "fault": fault,
    }
