"""Charts as values for SVG templates: lines over time, bars, and a calendar of expiry. No colour stands alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from exporters.pages.rows import Mark
from exporters.plurals import counted
from model.frozen import frozen

WIDTH: Final = 600
HEIGHT: Final = 100
_MARGIN: Final = 1
"""Keeps the line at 0 and 100 percent within the picture."""
_FEWEST_POINTS: Final = 2
_WEEKS: Final = 26
_DAYS_A_WEEK: Final = 7
_HEAT_STEPS: Final = (1, 2, 5)
"""From how many certificates a day on each shade of the calendar begins."""


@frozen
class Point:
    """One point of a line, in the chart's coordinates, and its words."""

    x: float
    y: float
    words: str


@frozen
class LineChart:
    """A share over time; ``summary`` is the whole chart as a sentence, for readers who do not see it."""

    summary: str
    points: tuple[Point, ...]
    first: str
    last: str

    @property
    def line(self) -> str:
        """The points of the line, as SVG writes them."""
        return " ".join(f"{point.x:g},{point.y:g}" for point in self.points)

    @property
    def area(self) -> str:
        """The points of the area below the line."""
        first, last = self.points[0], self.points[-1]
        return f"{first.x:g},{HEIGHT} {self.line} {last.x:g},{HEIGHT}"


def line_chart(name: str, shares: Sequence[tuple[datetime, int, int]]) -> LineChart | None:
    """``shares`` are a time, a part and the whole at that time; a time without any whole has no point.

    None if there are too few points for a line.
    """
    known = [(at, part, whole) for at, part, whole in shares if whole]
    if len(known) < _FEWEST_POINTS:
        return None
    start, end = shares[0][0], shares[-1][0]
    span = (end - start) or timedelta(seconds=1)
    points = tuple(
        Point(
            x=round(WIDTH * ((at - start) / span), 1),
            y=round(_MARGIN + (HEIGHT - 2 * _MARGIN) * (1 - part / whole), 1),
            words=f"{at:%Y-%m-%d}: {part} of {whole} ({100 * part // whole} %)",
        )
        for at, part, whole in known
    )
    return LineChart(
        summary=f"{name}: from {points[0].words} to {points[-1].words}",
        points=points,
        first=f"{start:%b %d}",
        last="now",
    )


@frozen
class Bar:
    """One bar with its name and number; ``link`` leads to what it counts, and ``trend`` is its share over time."""

    name: str
    count: int
    percent: float
    mark: Mark = "plain"
    link: str = ""
    trend: LineChart | None = None


@frozen
class Day:
    """One day of the calendar; ``heat`` is its shade, 0 for none."""

    x: int
    y: int
    heat: int
    words: str
    is_today: bool


@frozen
class Calendar:
    """Half a year of days in columns of weeks, from Monday to Sunday; ``months`` are places and names."""

    days: tuple[Day, ...]
    months: tuple[tuple[int, str], ...]
    summary: str


_CELL: Final = 14


def expiry_calendar(ends: Iterable[datetime], now: datetime) -> Calendar:
    """How many certificates expire on each day of the next half year."""
    today = now.date()
    monday = today - timedelta(days=today.weekday())
    expiring = Counter(end.date() for end in ends)
    days, months, total = [], [], 0
    for offset in range(_WEEKS * _DAYS_A_WEEK):
        day = monday + timedelta(days=offset)
        week, weekday = divmod(offset, _DAYS_A_WEEK)
        if weekday == 0 and day.day <= _DAYS_A_WEEK:
            months.append((week * _CELL, f"{day:%b}"))
        if day >= today:
            total += expiring[day]
            days.append(_day(day, week, weekday, expiring[day], is_today=day == today))
    return Calendar(
        days=tuple(days),
        months=tuple(months),
        summary=f"Certificates that expire within {_WEEKS} weeks: {total}",
    )


def _day(day: date, week: int, weekday: int, count: int, *, is_today: bool) -> Day:
    return Day(
        x=week * _CELL,
        y=weekday * _CELL,
        heat=sum(count >= step for step in _HEAT_STEPS),
        words=f"{day.isoformat()}: {counted(count, 'certificate')}",
        is_today=is_today,
    )
