"""The targets of all sources as one inventory: each once, with all that found it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from model.target import Target
from probe.discovery.relabel import Rule, relabelled
from probe.discovery.targets import TargetError
from probe.net_guard.gate import SocketGate

SOURCE_SEPARATOR = ", "


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """What the rules made of a source's targets. ``rejected`` are sentences on impossible addresses."""

    kept: tuple[Target, ...]
    dropped: tuple[Target, ...]
    denied: tuple[Target, ...]
    rejected: tuple[str, ...]


def sift(targets: Iterable[Target], rules: Sequence[Rule], gate: SocketGate) -> Sifted:
    """Relabels each target, and keeps those that neither rules nor the gate take away."""
    kept: list[Target] = []
    dropped: list[Target] = []
    denied: list[Target] = []
    rejected: list[str] = []
    for target in targets:
        try:
            found = relabelled(target, rules)
        except TargetError as error:
            rejected.append(str(error))
            continue
        if found is None:
            dropped.append(target)
        elif gate.forbids(found):
            denied.append(found)
        else:
            kept.append(found)
    return Sifted(
        kept=tuple(kept), dropped=tuple(dropped), denied=tuple(denied), rejected=tuple(rejected)
    )


def merge(by_source: Iterable[Iterable[Target]]) -> tuple[Target, ...]:
    """Each target once; of a label that several sources set, the first one's holds.

    Its ``source`` names all of them.
    """
    found: dict[str, Target] = {}
    for targets in by_source:
        for target in targets:
            known = found.get(target.key)
            found[target.key] = target if known is None else _both(known, target)
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
