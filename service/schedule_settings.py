"""How often endpoints with certain labels are visited, and when never."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import time
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from probe.pace import Closed, Pace
from service.values import Seconds


def split_span(text: str) -> Closed:
    """``09:00-17:30``, in UTC.

    Raises:
        ValueError: where it is no span of a day; the message says what it must be.
    """
    begin, has_dash, end = text.partition("-")
    try:
        span = Closed(begin=time.fromisoformat(begin.strip()), end=time.fromisoformat(end.strip()))
    except ValueError:
        span = None
    if span is None or not has_dash or span.begin == span.end or span.begin.tzinfo:
        raise ValueError(f"{text!r} must be two times of day in UTC, such as 09:00-17:30")
    return span


def _check_spans(texts: tuple[str, ...]) -> tuple[str, ...]:
    for text in texts:
        split_span(text)
    return texts


ClosedSpans: TypeAlias = Annotated[tuple[str, ...], AfterValidator(_check_spans)]
"""Spans of the day in which nothing is visited."""


class LabelSchedule(BaseModel):
    """The pace of targets that have all the labels of ``match``; what is not said is as for all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: Annotated[Mapping[str, str], Field(min_length=1)]
    interval_seconds: Seconds | None = None
    enumerate_interval_seconds: Seconds | None = None
    closed: ClosedSpans | None = None

    def pace(self, general: Pace) -> Pace:
        """This pace, beside the one for all."""
        closed = general.closed
        if self.closed is not None:
            closed = tuple(map(split_span, self.closed))
        return replace(
            general,
            match=dict(self.match),
            interval_seconds=self.interval_seconds or general.interval_seconds,
            enumerate_seconds=self.enumerate_interval_seconds or general.enumerate_seconds,
            closed=closed,
        )
