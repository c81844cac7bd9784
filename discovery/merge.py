"""Merges the targets of all sources into one inventory: each target once, with all of its sources.

A hundred thousand targets take seconds, so the work is split into small slices between which the event loop
runs.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from itertools import islice
from typing import Final, TypeVar

from discovery.relabel import Rule, relabelled, relabelled_claim, relabelled_text
from discovery.source import Skipped
from discovery.targets import TargetError
from discovery.trust import LabelRules, disarmed, untrusted_labels
from model.claims.resource_claim import ResourceClaim
from model.frozen import frozen
from model.target import Target
from model.target_labels import label_problems
from pki.net_guard.gate import SocketGate

Entry = TypeVar("Entry")

SOURCE_SEPARATOR = ", "
_SLICE: Final = 200
_NO_RULES: Final = LabelRules()


@frozen
class Sifted:
    """A source's targets after the rules. ``skipped`` has a sentence for each entry that yields no target, and
    for each label that has no effect.

    ``dropped`` are the texts of the targets that a rule dropped, ``denied`` those that may not be probed, and why.
    ``untrusted`` counts, for each acting label, the targets on which it was ignored. ``resource_claims`` are those
    that no rule dropped.
    """

    kept: tuple[Target, ...]
    dropped: tuple[str, ...]
    denied: tuple[Skipped, ...]
    skipped: tuple[str, ...]
    untrusted: Mapping[str, int] = field(default_factory=dict)
    resource_claims: tuple[ResourceClaim, ...] = ()

    @property
    def error(self) -> str | None:
        """Why the reading counts as failed: the source has entries, and none of them can be used."""
        is_used = self.kept or self.dropped or self.denied or self.resource_claims
        if is_used or not self.skipped:
            return None
        return f"none of its entries can be used, the first is {self.skipped[0]}"


class _Sieve:
    """Processes targets one by one."""

    def __init__(
        self,
        rules: Sequence[Rule],
        gate: SocketGate,
        labels: LabelRules,
    ) -> None:
        self._rules = rules
        self._gate = gate
        self._trusted = labels.trusted
        self._configured = labels.configured
        self._label_problems: dict[str, str] = {}
        """For each sentence about a label, the first target that has it."""
        self._kept: list[Target] = []
        self._dropped: list[str] = []
        self._denied: list[Skipped] = []
        self._skipped: list[str] = []
        self._untrusted: Counter[str] = Counter()

    def take(self, target: Target) -> None:
        untrusted = untrusted_labels(target.labels, self._trusted)
        self._untrusted.update(untrusted)
        if untrusted:
            target = replace(target, labels=disarmed(target.labels, untrusted))
        try:
            found = relabelled(target, self._rules, trusted=self._trusted)
        except TargetError as error:
            self._skipped.append(f"after relabelling, {error}")
            return
        self._sort(target.key, found)

    def take_skipped(self, skipped: Skipped, source: str) -> None:
        """A rule may drop or rewrite an address that cannot be parsed; else it stays skipped."""
        if not skipped.address:
            self._skipped.append(str(skipped))
            return
        untrusted = untrusted_labels(skipped.labels, self._trusted)
        labels = disarmed(skipped.labels, untrusted)
        try:
            found = relabelled_text(
                skipped.address, labels, self._rules, source=source, trusted=self._trusted
            )
        except TargetError:
            self._skipped.append(str(skipped))
            return
        self._sort(skipped.address, found)

    def _sort(self, text: str, found: Target | None) -> None:
        if found is None:
            self._dropped.append(text)
        elif (refusal := self._gate.target_refusal(found)) is not None:
            self._denied.append(Skipped(place=found.key, problem=refusal))
        else:
            self._kept.append(found)
            for problem in label_problems(found.labels, self._configured):
                self._label_problems.setdefault(problem, found.key)

    def take_label_problems(self, reported: Collection[str]) -> None:
        """Add the labels without effect that the source has not ``reported`` itself, with their line."""
        for problem, key in self._label_problems.items():
            if problem not in reported:
                self._skipped.append(f"{key}: {problem}")

    def result(self) -> Sifted:
        return Sifted(
            kept=tuple(self._kept),
            dropped=tuple(self._dropped),
            denied=tuple(self._denied),
            skipped=tuple(self._skipped),
            untrusted=dict(self._untrusted),
        )


async def sift(
    targets: Iterable[Target],
    rules: Sequence[Rule],
    gate: SocketGate,
    *,
    labels: LabelRules = _NO_RULES,
    skipped: Iterable[Skipped] = (),
    source: str = "",
) -> Sifted:
    """Relabels each target, and removes those that a rule or the gate rejects.

    ``labels`` is what the labels of the source may do. ``skipped`` are its entries that name no target: a rule may
    make a target of them.
    """
    skipped = tuple(skipped)
    sieve = _Sieve(rules, gate, labels)
    for some in _slices(targets):
        for target in some:
            sieve.take(target)
        await asyncio.sleep(0)
    for entries in _slices(skipped):
        for entry in entries:
            sieve.take_skipped(entry, source)
        await asyncio.sleep(0)
    sieve.take_label_problems({entry.problem for entry in skipped})
    return sieve.result()


async def sift_claims(
    claims: Iterable[ResourceClaim], rules: Sequence[Rule]
) -> tuple[ResourceClaim, ...]:
    """Relabels each claim, as a target without an address, and removes those that a rule drops."""
    found: list[ResourceClaim] = []
    for some in _slices(claims):
        found += [kept for one in some if (kept := relabelled_claim(one, rules)) is not None]
        await asyncio.sleep(0)
    return tuple(found)


async def merge(by_source: Iterable[Iterable[Target]]) -> tuple[Target, ...]:
    """Each target once; if several sources set a label, the first one wins.

    Its ``source`` names all of them.
    """
    found: dict[str, Target] = {}
    for targets in by_source:
        for some in _slices(targets):
            for target in some:
                known = found.get(target.key)
                found[target.key] = target if known is None else _both(known, target)
            await asyncio.sleep(0)
    return tuple(found.values())


def _slices(entries: Iterable[Entry]) -> Iterator[tuple[Entry, ...]]:
    rest = iter(entries)
    while some := tuple(islice(rest, _SLICE)):
        yield some


def _both(known: Target, also: Target) -> Target:
    sources = known.source.split(SOURCE_SEPARATOR)
    if also.source not in sources:
        sources.append(also.source)
    return replace(
        known,
        labels={**also.labels, **known.labels},
        claims=tuple(dict.fromkeys((*known.claims, *also.claims))),
        source=SOURCE_SEPARATOR.join(one for one in sources if one),
    )
