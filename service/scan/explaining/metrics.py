"""The facts that a metric of an endpoint shows, by the metric's name or a whole series."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from exporters.prometheus.catalogue import FAMILIES, TARGET_FAMILIES
from exporters.prometheus.families.family import PREFIX, Family
from service.scan.explaining.names import ANY_UNKNOWN

_FAMILIES: Final[Mapping[str, Family]] = {family.name: family for family in FAMILIES}
_OF_TARGETS: Final = frozenset(family.name for family in TARGET_FAMILIES)
_SERIES: Final = re.compile(r"(?P<name>\w+)\s*(?:\{(?P<labels>.*)\})?")
_LABEL: Final = re.compile(r'\s*(\w+)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
_PLACE: Final = re.compile(r"\{(\w+)\}")


def fact_of_metric(text: str) -> str | None:
    """The name of the facts that the series or metric ``text`` shows; None if there is no such metric.

    Labels that do not select facts, such as ``instance``, are ignored.

    Raises:
        ValueError: if the labels cannot be read, or if no answer of the endpoint proves the metric.
    """
    series = _SERIES.fullmatch(text)
    if series is None:
        return None
    name = series["name"].removeprefix(PREFIX)
    labels = _labels(text, series["labels"] or "")
    if name in _FAMILIES and _FAMILIES[name].fact is not None:
        return _filled(_FAMILIES[name], labels)
    if name in _FAMILIES or name in _OF_TARGETS or series["name"].startswith(PREFIX):
        raise ValueError(
            f"{series['name']} is not a fact of one endpoint, but what the service counts or "
            "computes: see docs/reference/metrics.md"
        )
    return None


def _labels(series: str, text: str) -> Mapping[str, str]:
    labels, end = {}, 0
    while end < len(text):
        label = _LABEL.match(text, end)
        if label is None:
            raise ValueError(
                f"cannot read the labels of {series!r}: write "
                f'{PREFIX}protocol_supported{{protocol="TLSv1.0"}}'
            )
        labels[label[1]], end = label[2], label.end()
    return labels


def _filled(family: Family, labels: Mapping[str, str]) -> str:
    """A label may name another family: ``check`` of ``check_unknown`` does."""
    fact = _PLACE.sub(lambda place: labels.get(place[1], ""), family.fact or "")
    named = _FAMILIES.get(fact)
    if named is not None and named is not family and named.fact is not None:
        return _filled(named, labels)
    return fact or ANY_UNKNOWN
