"""Metrics under the names of other exporters: values, and their text form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from exporters.prometheus.label_text import quoted
from exporters.prometheus.page import heading, number_text

_LONGEST: int = 4000
"""Maximum characters of a label: it may list all names of a certificate, which users match against."""


@dataclass(frozen=True, slots=True, kw_only=True)
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
