"""One metric family of the inventory: its name, its labels, and how a status becomes samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

from exporters.prometheus.options import Detail
from model.frozen import frozen
from model.snapshot import EndpointStatus
from model.verdict import Fact, Verdict

PREFIX: Final = "tlsprobe_"
IDENTITY: Final = ("target", "address")
"""The first labels of every series of an endpoint; the address only if a target has several."""

Sample: TypeAlias = tuple[tuple[str, ...], float]
"""The values of a family's own labels, and the number."""


@frozen
class Family:
    """A gauge of each endpoint. ``name`` is without prefix, ``labels`` without those of ``IDENTITY``.

    ``example`` is a query in PromQL. The family is shown at ``detail`` and above. If there is more to show at
    ``Detail.ALL``, ``all_samples`` yields it. ``fact`` is what ``tlsprobe explain`` takes to show the facts of a
    series, with the series' labels in braces; None if the service computes it and no answer proves it.
    """

    name: str
    help: str
    example: str
    labels: tuple[str, ...] = ()
    samples: Callable[[EndpointStatus], Iterator[Sample]]
    all_samples: Callable[[EndpointStatus], Iterator[Sample]] | None = None
    detail: Detail = Detail.COUNTS
    fact: str | None = None

    def samples_at(self, detail: Detail) -> Callable[[EndpointStatus], Iterator[Sample]]:
        """The function that yields the samples shown at ``detail``."""
        if detail is Detail.ALL and self.all_samples is not None:
            return self.all_samples
        return self.samples


@frozen
class TargetFamily:
    """A gauge of each target; it gets the statuses of all addresses together."""

    name: str
    help: str
    example: str
    labels: tuple[str, ...] = ()
    samples: Callable[[Sequence[EndpointStatus]], Iterator[Sample]]


def known_verdicts(facts: Mapping[str, Fact], names: Sequence[str]) -> Iterator[Sample]:
    """A sample for each named fact that is known, with its name as the label: 1 for yes, 0 for no."""
    for name in names:
        if name in facts and facts[name].verdict is not Verdict.UNKNOWN:
            yield (name,), float(facts[name].verdict is Verdict.YES)
