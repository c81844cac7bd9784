"""One metric of the whole fleet: what each target contributes to it, and how its sums become series."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from functools import cache
from heapq import nlargest
from typing import Final, TypeAlias

from exporters.prometheus.catalogue import FAMILIES
from exporters.prometheus.families.family import Family, Sample
from exporters.prometheus.options import Detail
from model.frozen import frozen
from model.snapshot import EndpointStatus, Snapshot

OTHER: Final = "other"
"""The value of every label of the series that stands for all that have no series of their own."""

Statuses: TypeAlias = Sequence[EndpointStatus]
Amounts: TypeAlias = Mapping[tuple[str, ...], float]
"""The sums of all targets' contributions, by the values of the labels."""


def _nothing(_: Snapshot) -> Iterable[Sample]:
    return ()


class Reads(Enum):
    """What a family reads of a status: it gets nothing else, and targets that have the same share the result."""

    CONFIGURATION = "configuration"
    """The facts without the certificates, which differ between endpoints of one configuration."""

    FACTS = "facts"
    """The facts, the results of findings, and the compliance: neither the endpoint nor times."""

    STATUS = "status"
    """Everything; nothing is shared."""


@frozen
class FleetFamily:
    """A gauge of the fleet. ``name`` is without prefix, ``example`` is a query in PromQL.

    ``contributions`` yields what a target, by the statuses of its addresses, adds to which label values, and
    ``of_snapshot`` what the Snapshot adds that is of no target. ``shown`` makes at most ``most`` series of the sums, as of
    a time; by default the largest, and one for the sum of the others.
    """

    name: str
    help: str
    example: str
    labels: tuple[str, ...] = ()
    contributions: Callable[[Statuses], Iterator[Sample]]
    most: int
    reads: Reads = Reads.FACTS
    shown: Callable[[Amounts, datetime], Iterable[Sample]] | None = None
    of_snapshot: Callable[[Snapshot], Iterable[Sample]] = _nothing

    def series(self, amounts: Amounts, now: datetime) -> Iterable[Sample]:
        """The series to show."""
        if self.shown is not None:
            return self.shown(amounts, now)
        if len(amounts) <= self.most:
            return sorted(amounts.items())
        largest = nlargest(self.most - 1, amounts.items(), key=lambda one: (one[1], one[0]))
        rest = sum(amounts.values()) - sum(number for _, number in largest)
        return [*sorted(largest), ((OTHER,) * len(self.labels), rest)]


def summed(source: str, *labels: str, **only: str) -> Callable[[Statuses], Iterator[Sample]]:
    """The samples of an endpoint's family, with these of its labels, and only those with the values of ``only``."""
    family = next(one for one in FAMILIES if one.name == source)
    samples = _samples_of(family)
    places = tuple(map(family.labels.index, labels))
    wanted = tuple((family.labels.index(label), value) for label, value in only.items())

    def contributions(statuses: Statuses) -> Iterator[Sample]:
        for status in statuses:
            for values, number in samples(status).items():
                if not wanted or all(values[place] == value for place, value in wanted):
                    yield tuple([values[place] for place in places]), number

    return contributions


@cache
def _samples_of(family: Family) -> Callable[[EndpointStatus], Amounts]:
    """The samples of an endpoint; they are made once if several metrics of the fleet need them, one after another.

    As on the page of the endpoints, a certificate of two chains counts once.
    """
    samples = family.samples_at(Detail.ALL)
    last: list[tuple[EndpointStatus, Amounts]] = []

    def of(status: EndpointStatus) -> Amounts:
        for known, made in last:
            if known is status:
                return made
        made = dict(samples(status))
        last[:] = [(status, made)]
        return made

    return of


def counted(source: str, *labels: str, **only: str) -> Callable[[Statuses], Iterator[Sample]]:
    """The number of these samples, whatever their values."""
    each = summed(source, *labels, **only)

    def contributions(statuses: Statuses) -> Iterator[Sample]:
        for values, _ in each(statuses):
            yield values, 1.0

    return contributions


def by_value(source: str, *labels: str) -> Callable[[Statuses], Iterator[Sample]]:
    """The number of samples with each value, 0 or 1, which is the last label."""
    each = summed(source, *labels)

    def contributions(statuses: Statuses) -> Iterator[Sample]:
        for values, number in each(statuses):
            yield (*values, f"{number:g}"), 1.0

    return contributions
