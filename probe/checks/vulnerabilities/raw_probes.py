"""Provokes a server once, and once more where the first time may have been an accident."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from model.verdict import Evidence, Fact, Verdict
from probe.checks.prober import Prober
from probe.dialogue.answer import ConnectFailure, ServerFlight
from probe.dialogue.exchange import in_words
from probe.dialogue.offer import Offer
from probe.dialogue.raw_probe import ProbeResponse, RawProbe, Words
from probe.tls.record import ContentType

GOODBYE: Final = b"\x02\x50"
"""A fatal internal_error, which makes a server hang up; Node 0.10.0 dies of a close_notify here."""


async def provoke(
    prober: Prober,
    asked: Offer,
    words: Words,
    until: ContentType = ContentType.ALERT,
    patience_seconds: float | None = None,
) -> ProbeResponse | ConnectFailure:
    """What the server makes of ``words`` after its flight."""
    raw_probe = RawProbe(asked.encode(prober.nonce), words, until)
    return await prober.converse(raw_probe, patience_seconds)


async def provoked_fact(
    prober: Prober,
    asked: Offer,
    words: Words,
    judge: Callable[[ProbeResponse], Fact],
    until: ContentType = ContentType.ALERT,
) -> Fact:
    """The verdict on the reaction; asked twice where the first leaves it unknown."""
    fact = judged(await provoke(prober, asked, words, until), judge)
    if fact.verdict is Verdict.UNKNOWN and await prober.is_well():
        return judged(await provoke(prober, asked, words, until), judge)
    return fact


def judged(
    reaction: ProbeResponse | ConnectFailure, judge: Callable[[ProbeResponse], Fact]
) -> Fact:
    """The verdict; unknown where the words were never said."""
    if isinstance(reaction, ConnectFailure):
        return Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(note=reaction.detail))
    answer = reaction.answer
    if not (isinstance(answer, ServerFlight) and answer.is_complete and reaction.said):
        note = f"{in_words(answer)} in place of a whole flight"
        return Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(offer=reaction.offered, note=note))
    return judge(reaction)


def proof(reaction: ProbeResponse, note: str, *, most_kept: int = 64) -> Evidence:
    """The hello and the words after it, and the beginning of what came back."""
    heard = b"".join(
        bytes((record.content_type,)) + record.version.to_bytes(2, "big") + record.fragment
        for record in reaction.heard
    )
    return Evidence(
        offer=reaction.offered + reaction.said, answer=heard[:most_kept] or None, note=note
    )
