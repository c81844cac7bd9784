"""Metrics under the names of other exporters: values, and their text form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Final

from exporters.prometheus.page import heading, number_text
from model.frozen import frozen
from model.safe_output.label_text import quoted
from model.safe_output.printable import printable

_LONGEST: int = 4000
"""Maximum characters of a label: it may list all names of a certificate, which users match against."""

_COMMENT: Final = "# tlsprobe: "
GO_ZERO_TIME: Final = -62135596800
"""Both exporters are written in Go, and show a missing time as January of the year 1."""


@frozen
class ForeignSample:
    """One sample of a gauge; samples of the same name must be adjacent."""

    name: str
    help: str
    number: float
    labels: Mapping[str, str] = field(default_factory=dict)


def written(samples: Iterable[ForeignSample]) -> str:
    """The text of the samples, each series once."""
    lines: list[str] = []
    seen: set[str] = set()
    named = ""
    for sample in samples:
        if sample.name != named:
            named = sample.name
            lines.append(heading(sample.name, sample.help))
        labels = ",".join(
            f'{name}="{quoted(text, _LONGEST)}"' for name, text in sample.labels.items()
        )
        series = f"{sample.name}{{{labels}}}" if labels else sample.name
        if series not in seen:
            seen.add(series)
            lines.append(f"{series} {number_text(sample.number)}\n")
    return "".join(lines)


def comment(text: str) -> str:
    """A line for people, which readers of Prometheus' text format ignore."""
    return f"{_COMMENT}{printable(' '.join(text.split()))}\n"


def without_comments(page: str) -> str:
    """The page in OpenMetrics, which allows no comments."""
    return "\n".join(line for line in page.split("\n") if not line.startswith(_COMMENT))
