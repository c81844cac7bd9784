"""The comparisons of a command as text for people and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from exporters.terminal.comparison import Comparison, render_comparison
from exporters.terminal.scan_report import ReportForm
from exporters.terminal.words import endpoint_name
from model.differences.side_by_side import ComparedFact, side_by_side
from model.encoding.comparison_json import facts_to_json, side_to_json
from model.frozen import frozen
from model.observation import Observation


@frozen
class Sides:
    """The two sides of one comparison with their titles; a side is None if nothing was known at that time."""

    first: Observation | None
    second: Observation | None
    titles: tuple[str, str]

    @property
    def facts(self) -> tuple[ComparedFact, ...]:
        """All facts; none if one side was not known."""
        if self.first is None or self.second is None:
            return ()
        return side_by_side(self.first, self.second)

    @property
    def have_both_answered(self) -> bool:
        """Whether both sides are known and answered."""
        return all(one is not None and one.answered for one in (self.first, self.second))

    @property
    def is_same(self) -> bool:
        """Whether no fact differs."""
        return all(one.is_same for one in self.facts)


def sides_now(first: Observation, second: Observation) -> Sides:
    """Two endpoints."""
    return Sides(
        first=first,
        second=second,
        titles=(endpoint_name(first.endpoint), endpoint_name(second.endpoint)),
    )


def sides_at(
    both: tuple[Observation | None, Observation | None], times: tuple[datetime, datetime]
) -> Sides:
    """One endpoint at two times."""
    name = next((endpoint_name(one.endpoint) for one in both if one is not None), "endpoint")
    first, second = (f"{name}, {at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" for at in times)
    return Sides(first=both[0], second=both[1], titles=(first, second))


def comparison_text(both: Sides, form: ReportForm, *, shows_all: bool) -> str:
    """The table of one comparison, or which side was not known."""
    for side, title in zip((both.first, both.second), both.titles, strict=True):
        if side is None:
            return f"{title}: not known\n"
    compared = Comparison(first=both.titles[0], second=both.titles[1], facts=both.facts)
    return render_comparison(compared, form, shows_all=shows_all)


def comparisons_json(compared: Sequence[Sides], *, shows_all: bool) -> dict[str, Any]:
    """All comparisons, with the facts that differ or every fact."""
    return {
        "comparisons": [
            {
                "first": side_to_json(both.first),
                "second": side_to_json(both.second),
                "facts": facts_to_json(one for one in both.facts if shows_all or not one.is_same),
            }
            for both in compared
        ]
    }
