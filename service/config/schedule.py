"""How often endpoints with certain labels are visited, and the times of day without visits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, time, tzinfo
from typing import Annotated, Final, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from scheduling.interval import Closed, IntervalPolicy
from service.setting_types.values import Seconds

_SPAN: Final = re.compile(r"\s*(\S+?)\s*-\s*(\S+)(?:\s+(\S+))?\s*")


def split_span(text: str) -> Closed:
    """Parse ``09:00-17:30``, in UTC, or ``09:00-17:30 Europe/Berlin``, in the local time of an IANA time zone.

    Raises:
        ValueError: if the text is not a time span or the zone is unknown; the message describes the format.
    """
    begin, end, place = found.groups() if (found := _SPAN.fullmatch(text)) else ("", "", None)
    try:
        first, last = time.fromisoformat(begin), time.fromisoformat(end)
    except ValueError:
        first = last = time()
    if first == last or first.tzinfo or last.tzinfo:
        raise ValueError(
            f"{text!r} must be two times of day, in UTC or followed by a time zone, such as "
            "09:00-17:30 or 09:00-17:30 Europe/Berlin"
        )
    return Closed(begin=first, end=last, zone=_zone(place) if place else UTC)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        # An invalid file, a folder of zones such as Europe, or a name that does not exist.
        raise ValueError(
            f"unknown time zone {name!r}: use a name from the IANA database, such as "
            "Europe/Berlin or America/New_York, and install tzdata if this machine has no time zones"
        ) from None


def _check_spans(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        split_span(text)
    return texts


ClosedSpans: TypeAlias = Annotated[tuple[str, ...], AfterValidator(_check_spans)]
"""Time spans of the day without visits."""


class LabelSchedule(BaseModel):
    """The pace of targets that have all the labels of ``match``; other values are those of the default pace."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: Annotated[Mapping[str, str], Field(min_length=1)]
    interval_seconds: Seconds | None = None
    enumerate_interval_seconds: Seconds | None = None
    maintenance_windows: ClosedSpans | None = None

    def pace(self, general: IntervalPolicy) -> IntervalPolicy:
        """This pace, with the missing values of the default pace."""
        closed = general.closed
        if self.maintenance_windows is not None:
            closed = tuple(map(split_span, self.maintenance_windows))
        return replace(
            general,
            match=dict(self.match),
            interval_seconds=self.interval_seconds or general.interval_seconds,
            enumerate_seconds=self.enumerate_interval_seconds or general.enumerate_seconds,
            closed=closed,
        )
