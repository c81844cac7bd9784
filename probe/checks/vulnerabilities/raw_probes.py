"""Sends a server a raw probe, and repeats it if the first response may have been an accident."""

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
"""A fatal internal_error, which makes a server close; a close_notify here crashes Node 0.10.0."""


async def send_raw_probe(
    prober: Prober,
    asked: Offer,
    words: Words,
    until: ContentType = ContentType.ALERT,
    patience_seconds: float | None = None,
) -> ProbeResponse | ConnectFailure:
    """The response of the server to ``words`` after its flight."""
    raw_probe = RawProbe(asked.encode(prober.nonce), words, until)
    return await prober.converse(raw_probe, patience_seconds)


async def ask_raw_probe(
    prober: Prober,
    asked: Offer,
    words: Words,
    judge: Callable[[ProbeResponse], Fact],
    until: ContentType = ContentType.ALERT,
) -> Fact:
    """The verdict on the response; asked twice if the first leaves it unknown."""
    fact = judged(await send_raw_probe(prober, asked, words, until), judge)
    if fact.verdict is Verdict.UNKNOWN and await prober.ask_control():
        return judged(await send_raw_probe(prober, asked, words, until), judge)
    return fact


def judged(
    response: ProbeResponse | ConnectFailure, judge: Callable[[ProbeResponse], Fact]
) -> Fact:
    """The verdict; unknown if the words were never sent."""
    if isinstance(response, ConnectFailure):
        return Fact(verdict=Verdict.UNKNOWN, evidence=response.evidence())
    answer = response.answer
    if not (isinstance(answer, ServerFlight) and answer.is_complete and response.said):
        note = f"{in_words(answer)} in place of a whole flight"
        return Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(offer=response.offered, note=note))
    return judge(response)


def proof(response: ProbeResponse, note: str, *, most_kept: int = 64) -> Evidence:
    """The hello, the words after it, and the beginning of the response."""
    heard = b"".join(
        bytes((record.content_type,)) + record.version.to_bytes(2, "big") + record.fragment
        for record in response.heard
    )
    return Evidence(
        offer=response.offered + response.said, answer=heard[:most_kept] or None, note=note
    )
