"""A Snapshot in Prometheus' text format; the lines of unchanged endpoints are reused.

The client library creates an object for every sample at every scrape, which takes seven seconds for ten
thousand endpoints. Here the lines of an endpoint are cached and rewritten only when its status changes. The
lines of a family are adjacent, as the format requires. An endpoint that leaves the inventory leaves the page
at once, and samples have no timestamps. A certificate that two chains share is one series.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from itertools import islice
from typing import Final, Self

from exporters.prometheus.catalogue import (
    DROPPED_FAMILY,
    DROPPED_HELP,
    FAMILIES,
    LABELS_FAMILY,
    LABELS_HELP,
    TARGET_FAMILIES,
)
from exporters.prometheus.families.family import PREFIX, Family, Sample, TargetFamily
from exporters.prometheus.options import MOST_OF_A_FAMILY, MetricOptions
from model.caching.size_bounded_cache import SizeBoundedCache
from model.frozen import frozen
from model.safe_output.label_text import LONGEST_KEY, quoted
from model.snapshot import EndpointStatus, Snapshot

TEXT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS_TYPE: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"
OPENMETRICS_END: Final = "# EOF\n"
"""The only differences between the two formats: the inventory has nothing but gauges."""

_ITS_IDENTITY: Final = "\0"
"""Cannot occur in a label, because labels are printable."""

_TEXTS_REMEMBERED: Final = 4 * 2**20
"""In bytes: room for a few hundred endpoints that have nothing in common."""

_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_]")


def heading(name: str, text: str) -> str:
    """The two lines that precede a gauge's samples."""
    return f"# HELP {name} {text}\n# TYPE {name} gauge\n"


def number_text(number: float) -> str:
    """Whole numbers without a fraction, others to the microsecond."""
    whole = int(number)
    return str(whole) if whole == number else repr(round(number, 6))


@frozen
class _Written:
    """An endpoint's lines for ``status``, one text for each family.

    In them, _ITS_IDENTITY is a placeholder for ``identity``: endpoints with equal facts share one text.
    """

    status: EndpointStatus
    identity: str
    lines: tuple[str, ...]
    dropped: int

    def text(self, index: int) -> str:
        """The lines of a family."""
        return self.lines[index].replace(_ITS_IDENTITY, self.identity)


class PageWriter:
    """Writes successive pages of one inventory; ``options`` limit what they show."""

    def __init__(self, options: MetricOptions | None = None) -> None:
        self._options = options or MetricOptions()
        self._families = tuple(
            family for family in FAMILIES if self._options.detail.covers(family.detail)
        )
        self._parts = tuple(
            (_form(family), family.samples_at(self._options.detail)) for family in self._families
        )
        self._target_forms = tuple(_form(family) for family in TARGET_FAMILIES)
        self._written: Mapping[str, _Written] = {}
        self._texts = SizeBoundedCache(_TEXTS_REMEMBERED)
        self.dropped_total = 0

    def for_another_part(self) -> Self:
        """A writer for the pages of another part of the inventory; both share the texts of equal facts."""
        other = copy(self)
        other._written, other.dropped_total = {}, 0
        return other

    def write(self, snapshot: Snapshot) -> Iterator[str]:
        """The page in pieces; each piece consists of whole lines.

        ``dropped_total`` counts the series that exceeded a limit since the writer was created. A series
        counts each time its endpoint's lines are written.
        """
        by_target: dict[str, list[EndpointStatus]] = {}
        for status in snapshot.endpoints:
            by_target.setdefault(status.observation.endpoint.target.key, []).append(status)
        before, now = self._written, dict[str, _Written]()
        for statuses in by_target.values():
            for status in statuses:
                key, identity = status.observation.endpoint.key, _identity(status, statuses)
                known = before.get(key)
                if known is None or known.status != status or known.identity != identity:
                    known = self._lines_of(status, identity)
                    self.dropped_total += known.dropped
                now[key] = known
        self._written = now
        yield from self._target_pieces(by_target)
        shown = now.values()
        for index, family in enumerate(self._families):
            yield heading(PREFIX + family.name, family.help)
            yield "".join([one.text(index) for one in shown])
        yield heading(DROPPED_FAMILY, DROPPED_HELP)
        yield "".join(_dropped_line(one) for one in shown if one.dropped)

    def _lines_of(self, status: EndpointStatus, identity: str) -> _Written:
        room, dropped = self._options.most_series, 0
        texts = []
        for form, samples_of in self._parts:
            samples = _distinct(samples_of(status))
            if not samples:
                texts.append("")
                continue
            shown = min(len(samples), MOST_OF_A_FAMILY, room)
            room -= shown
            dropped += len(samples) - shown
            text = "".join(
                [
                    form % (_ITS_IDENTITY, *labels, number_text(number))
                    for labels, number in islice(samples.items(), shown)
                ]
            )
            texts.append(self._texts.of(text, str, text))
        return _Written(status=status, identity=identity, lines=tuple(texts), dropped=dropped)

    def _target_pieces(self, by_target: Mapping[str, Sequence[EndpointStatus]]) -> Iterator[str]:
        targets = [
            (f'{{target="{quoted(key, LONGEST_KEY)}"', statuses)
            for key, statuses in by_target.items()
        ]
        for family, form in zip(TARGET_FAMILIES, self._target_forms, strict=True):
            yield heading(PREFIX + family.name, family.help)
            yield "".join(
                form % (identity, *labels, number_text(number))
                for identity, statuses in targets
                for labels, number in _distinct(family.samples(statuses)).items()
            )
        yield heading(LABELS_FAMILY, LABELS_HELP)
        yield "".join(_label_line(identity, statuses) for identity, statuses in targets)


def _identity(status: EndpointStatus, of_target: Sequence[EndpointStatus]) -> str:
    """With the address only if the target has several: otherwise a new address would start a new series."""
    endpoint = status.observation.endpoint
    target = quoted(endpoint.target.key, LONGEST_KEY)
    if len(of_target) == 1:
        return f'{{target="{target}"'
    return f'{{target="{target}",address="{quoted(endpoint.address or "")}"'


def _form(family: Family | TargetFamily) -> str:
    """The template of a sample, with places for identity, labels and number."""
    labels = "".join(f',{name}="%s"' for name in family.labels)
    return f"{PREFIX}{family.name}%s{labels}}} %s\n"


def _distinct(samples: Iterator[Sample]) -> dict[tuple[str, ...], float]:
    """Truncation may make two values equal, and a page must not have a series twice."""
    return {tuple(map(quoted, labels)): number for labels, number in samples}


def _label_line(identity: str, statuses: Sequence[EndpointStatus]) -> str:
    """The owner's labels: their names differ between targets, as in kube-state-metrics.

    A target without labels has a line too, so that joins keep it.
    """
    given = statuses[0].observation.endpoint.target.labels
    own = {f"label_{_NOT_IN_A_NAME.sub('_', name)}": quoted(text) for name, text in given.items()}
    labels = "".join(f',{name}="{text}"' for name, text in own.items())
    return f"{LABELS_FAMILY}{identity}{labels}}} 1\n"


def _dropped_line(one: _Written) -> str:
    return f"{DROPPED_FAMILY}{one.identity}}} {one.dropped}\n"
