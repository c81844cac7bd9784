"""Post-quantum cryptography of the fleet: which deadlines are missed, and the share of leaf certificates with ML-DSA."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from exporters.prometheus.families.family import Sample
from exporters.prometheus.fleet.family import Amounts, Statuses
from model.judging.exposure import Exposure, Years, years_of
from model.judging.quantum import DEADLINES, post_quantum_establishment
from model.records.fleet_count import served_leaves
from model.verdict import Verdict


def exposures(statuses: Statuses) -> Iterator[Sample]:
    """By the verdict and the years of the target: which deadlines these miss depends on the time."""
    for status in statuses:
        observation = status.observation
        if observation.answered:
            years = years_of(observation.endpoint.target.labels)
            verdict = post_quantum_establishment(observation).value
            yield (verdict, _text(years.secrecy), _text(years.migration)), 1.0


def by_deadline(amounts: Amounts, now: datetime) -> Iterable[Sample]:
    """The number of endpoints that miss each deadline, do not miss it, or of which that is unknown."""
    found = {(one.name, verdict.value): 0.0 for one in DEADLINES for verdict in Verdict}
    for (verdict, secrecy, migration), number in amounts.items():
        years = Years(secrecy=_number(secrecy), migration=_number(migration))
        exposure = Exposure(key_exchange=Verdict(verdict), years=years)
        for name, missed in exposure.deadlines(now).items():
            found[name, missed.value] += number
    return list(found.items())


def post_quantum_leaves(statuses: Statuses) -> Iterator[Sample]:
    """The different leaves of the target, by whether their key and their signature are of ML-DSA."""
    leaves = {leaf for status in statuses for leaf in served_leaves(status.observation)}
    counts = Counter(
        (part, f"{is_post_quantum:d}")
        for leaf in leaves
        for part, is_post_quantum in (
            ("key", leaf.has_post_quantum_key),
            ("signature", leaf.has_post_quantum_signature),
        )
    )
    for labels, number in counts.items():
        yield labels, float(number)


def _text(years: int | None) -> str:
    return "" if years is None else str(years)


def _number(text: str) -> int | None:
    return int(text) if text else None
