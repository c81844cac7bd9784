"""Asks for several things in one hello, and for each one alone only if the combined hello gets no answer.

As a rule, a server handles one extension independently of the others. If it does not answer the whole with a
hello, the list is halved until the failing part is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from model.frozen import frozen
from probe.checks.prober import Prober
from probe.checks.riding.riders import answers_to_riders
from probe.dialogue.exchange import Exchange
from probe.dialogue.offer import Change, Offer
from probe.tls.extensions import Extension


@frozen
class ExtensionProbe:
    """One thing that a hello can carry together with others; ``name`` is the fact that it shows."""

    name: str
    add: Change


def extending(*extensions: Extension) -> Change:
    """Adds extensions, or replaces those of the same type."""

    def add(asked: Offer) -> Offer:
        changes = replace(asked.changes, extensions=(*asked.changes.extensions, *extensions))
        return replace(asked, changes=changes)

    return add


def with_all(asked: Offer, additions: Sequence[ExtensionProbe]) -> Offer:
    """The hello with all additions."""
    for addition in additions:
        asked = addition.add(asked)
    return asked


async def probe_combined(
    prober: Prober, answered: Offer, additions: Sequence[ExtensionProbe]
) -> dict[str, Exchange]:
    """The answer to each addition to a hello that is ``answered``, by the name of the addition."""
    asked = with_all(answered, additions)
    exchange = next(answers_to_riders(prober, asked), None) or await prober.ask_once(asked)
    if exchange.version is None and len(additions) == 1:
        exchange = await prober.make_sure(exchange)
    if exchange.version is not None or exchange.is_past_deadline or len(additions) == 1:
        return {addition.name: exchange for addition in additions}
    half = len(additions) // 2
    return {
        **await probe_combined(prober, answered, additions[:half]),
        **await probe_combined(prober, answered, additions[half:]),
    }
