"""The sums of all targets' contributions to the fleet's metrics: a visit changes only those of its target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final

from exporters.prometheus.families.family import PREFIX
from exporters.prometheus.fleet.families import FLEET_FAMILIES
from exporters.prometheus.fleet.family import Amounts, FleetFamily
from exporters.prometheus.fleet.shared_contributions import Contributions, SharedContributions
from exporters.prometheus.page import heading, number_text
from model.safe_output.label_text import LONGEST_KEY, LONGEST_LABEL, quoted
from model.snapshot import EndpointStatus, Snapshot

_TARGET: Final = "target"

_MOST_SHARED: Final = 50_000
"""So many different contributions are remembered: targets with equal ones share them."""


@dataclass(frozen=True, slots=True)
class _Counted:
    """What a target contributed with these statuses."""

    statuses: tuple[EndpointStatus, ...]
    contributions: tuple[Contributions, ...]


class FleetTotals:
    """The sums for one inventory, whose Snapshots come in turn, ordered by target."""

    def __init__(self, families: Sequence[FleetFamily] = FLEET_FAMILIES) -> None:
        self._families = families
        self._contributions = SharedContributions(families)
        self._counted: dict[str, _Counted] = {}
        self._shared: dict[Contributions, Contributions] = {}
        self._sums: tuple[dict[tuple[str, ...], tuple[float, int]], ...] = tuple(
            {} for _ in families
        )

    def page(self, snapshot: Snapshot) -> str:
        """The fleet's metrics in Prometheus' text format."""
        self._update(snapshot.endpoints)
        return "".join(self._lines(snapshot))

    def _update(self, endpoints: Sequence[EndpointStatus]) -> None:
        before, now = self._counted, dict[str, _Counted]()
        for key, group in groupby(endpoints, lambda one: one.observation.endpoint.target.key):
            statuses = tuple(group)
            known = before.pop(key, None)
            if known is None or not _are_same(known.statuses, statuses):
                if known is not None:
                    self._add(known, -1)
                known = _Counted(statuses, tuple(self._shared_by(statuses)))
                self._add(known, 1)
            now[key] = known
        for gone in before.values():
            self._add(gone, -1)
        self._counted = now

    def _add(self, counted: _Counted, sign: int) -> None:
        for sums, contributions in zip(self._sums, counted.contributions, strict=True):
            for labels, number in contributions:
                total, count = sums.get(labels, (0.0, 0))
                if count + sign:
                    sums[labels] = total + sign * number, count + sign
                else:
                    del sums[labels]

    def _shared_by(self, statuses: tuple[EndpointStatus, ...]) -> Iterator[Contributions]:
        if len(self._shared) > _MOST_SHARED:
            self._shared.clear()
        for family, found in zip(self._families, self._contributions.of(statuses), strict=True):
            is_own = _TARGET in family.labels
            yield found if is_own else self._shared.setdefault(found, found)

    def _lines(self, snapshot: Snapshot) -> Iterator[str]:
        for family, sums in zip(self._families, self._sums, strict=True):
            name = PREFIX + family.name
            yield heading(name, family.help)
            amounts = {labels: total for labels, (total, _) in sums.items()}
            for values, number in family.of_snapshot(snapshot):
                amounts[values] = amounts.get(values, 0.0) + number
            for labels, number in _written(family, amounts, snapshot.taken_at).items():
                yield f"{name}{{{labels}}} {number_text(number)}\n"


def _written(family: FleetFamily, amounts: Amounts, now: datetime) -> dict[str, float]:
    """The series by the text of their labels: truncation may make two values equal, whose numbers are added."""
    found: dict[str, float] = {}
    for values, number in family.series(amounts, now):
        text = ",".join(
            f'{label}="{quoted(value, LONGEST_KEY if label == _TARGET else LONGEST_LABEL)}"'
            for label, value in zip(family.labels, values, strict=True)
        )
        found[text] = found.get(text, 0.0) + number
    return found


def _are_same(some: tuple[EndpointStatus, ...], others: tuple[EndpointStatus, ...]) -> bool:
    return len(some) == len(others) and all(a is b for a, b in zip(some, others, strict=True))
