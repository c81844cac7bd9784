"""Merges the targets of all sources into one inventory: each target once, with all of its sources.

A hundred thousand targets take seconds, so the work is split into small slices between which the event loop
runs.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

from discovery.relabel import Rule, relabelled
from discovery.targets import TargetError
from discovery.trust import disarmed, untrusted_labels
from model.target import Target
from pki.net_guard.gate import SocketGate

SOURCE_SEPARATOR = ", "
_SLICE: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """A source's targets after the rules. ``rejected`` has a sentence for each invalid address.

    ``untrusted`` counts, for each acting label, the targets on which it was ignored.
    """

    kept: tuple[Target, ...]
    dropped: tuple[Target, ...]
    denied: tuple[Target, ...]
    rejected: tuple[str, ...]
    untrusted: Mapping[str, int] = field(default_factory=dict)


class _Sieve:
    """Processes targets one by one."""

    def __init__(self, rules: Sequence[Rule], gate: SocketGate, trusted: Collection[str]) -> None:
        self._rules = rules
        self._gate = gate
        self._trusted = frozenset(trusted)
        self._kept: list[Target] = []
        self._dropped: list[Target] = []
        self._denied: list[Target] = []
        self._rejected: list[str] = []
        self._untrusted: Counter[str] = Counter()

    def take(self, target: Target) -> None:
        untrusted = untrusted_labels(target, self._trusted)
        self._untrusted.update(untrusted)
        try:
            found = relabelled(disarmed(target, untrusted), self._rules, trusted=self._trusted)
        except TargetError as error:
            self._rejected.append(str(error))
            return
        if found is None:
            self._dropped.append(target)
        elif self._gate.forbids(found):
            self._denied.append(found)
        else:
            self._kept.append(found)

    def result(self) -> Sifted:
        return Sifted(
            kept=tuple(self._kept),
            dropped=tuple(self._dropped),
            denied=tuple(self._denied),
            rejected=tuple(self._rejected),
            untrusted=dict(self._untrusted),
        )


async def sift(
    targets: Iterable[Target],
    rules: Sequence[Rule],
    gate: SocketGate,
    *,
    trusted: Collection[str] = (),
) -> Sifted:
    """Relabels each target, and removes those that a rule or the gate rejects.

    ``trusted`` are the acting labels that the source itself may set.
    """
    sieve = _Sieve(rules, gate, trusted)
    rest = iter(targets)
    while some := tuple(islice(rest, _SLICE)):
        for target in some:
            sieve.take(target)
        await asyncio.sleep(0)
    return sieve.result()


async def merge(by_source: Iterable[Iterable[Target]]) -> tuple[Target, ...]:
    """Each target once; if several sources set a label, the first one wins.

    Its ``source`` names all of them.
    """
    found: dict[str, Target] = {}
    for targets in by_source:
        rest = iter(targets)
        while some := tuple(islice(rest, _SLICE)):
            for target in some:
                known = found.get(target.key)
                found[target.key] = target if known is None else _both(known, target)
            await asyncio.sleep(0)
    return tuple(found.values())


def _both(known: Target, also: Target) -> Target:
    sources = known.source.split(SOURCE_SEPARATOR)
    if also.source not in sources:
        sources.append(also.source)
    return replace(
        known,
        labels={**also.labels, **known.labels},
        source=SOURCE_SEPARATOR.join(one for one in sources if one),
    )
