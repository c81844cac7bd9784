"""Times relative to now, for people; the pages show the absolute time on hover and in print."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from exporters.plurals import counted

_STEPS: Final = (
    (timedelta(days=730), timedelta(days=365), "year"),
    (timedelta(days=60), timedelta(days=30), "month"),
    (timedelta(days=2), timedelta(days=1), "day"),
    (timedelta(hours=1), timedelta(hours=1), "hour"),
    (timedelta(minutes=1), timedelta(minutes=1), "minute"),
)
"""From what span on a unit is used, and how long the unit is."""


def relative_to(now: datetime) -> Callable[[datetime | None], str]:
    """A function that says when a time is, seen from ``now``: ``3 hours ago``, ``in 12 days``, ``never`` for None."""

    def words(moment: datetime | None) -> str:
        if moment is None:
            return "never"
        span = abs(moment - now)
        for least, unit, noun in _STEPS:
            if span >= least:
                length = counted(span // unit, noun)
                return f"in {length}" if moment > now else f"{length} ago"
        return "now"

    return words
