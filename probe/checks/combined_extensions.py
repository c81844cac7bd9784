"""Asks for several things in one hello, and for each by itself only where that goes unanswered.

What a server does with one extension does not depend on the others, as a rule; where it answers
the whole with no hello, halves of it tell which part it dislikes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from probe.checks.prober import Prober
from probe.dialogue.exchange import Exchange
from probe.dialogue.offer import Offer
from probe.tls.extensions import Extension

Change: TypeAlias = Callable[[Offer], Offer]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionProbe:
    """One thing that a hello can have beside the others; ``name`` is the fact that it tells."""

    name: str
    add: Change


def extending(*extensions: Extension) -> Change:
    """Adds extensions, or puts them in the place of those of their type."""

    def add(asked: Offer) -> Offer:
        changes = replace(asked.changes, extensions=(*asked.changes.extensions, *extensions))
        return replace(asked, changes=changes)

    return add


async def probe_combined(
    prober: Prober, answered: Offer, additions: Sequence[ExtensionProbe]
) -> dict[str, Exchange]:
    """The answer that each addition to a hello that is ``answered`` got, by the addition's name."""
    asked = answered
    for addition in additions:
        asked = addition.add(asked)
    exchange = await prober.ask_once(asked)
    if exchange.version is None and len(additions) == 1:
        exchange = await prober.make_sure(exchange)
    if exchange.version is not None or exchange.is_past_deadline or len(additions) == 1:
        return {addition.name: exchange for addition in additions}
    half = len(additions) // 2
    return {
        **await probe_combined(prober, answered, additions[:half]),
        **await probe_combined(prober, answered, additions[half:]),
    }
