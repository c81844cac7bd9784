"""Which application protocols does the server accept by ALPN (RFC 7301)?

By strike-out over all registered ids except that of ACME. The answer to the last, unaccepted ids also shows
how the server handles ids that it does not know: it sends ``no_application_protocol``, as section 3.2
requires, or a hello without ALPN, which lets a client of one service speak to another (ALPACA). Up to TLS 1.2
the id is in the hello, and hellos about signature schemes carry the first lists; if the server speaks only TLS 1.3,
handshakes show it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, TypeAlias

from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from model.registry import ALPN_PROTOCOLS
from model.verdict import Fact, Verdict
from probe.checks.answered_offers import answered_offer, newest_in_plaintext
from probe.checks.combined_extensions import extending
from probe.checks.prober import Prober
from probe.checks.riding.riders import ListRider, Rider, answers_to_riders
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.exchange import NO_APPLICATION_PROTOCOL, Exchange
from probe.dialogue.handshake import Handshake, HandshakeEnd
from probe.dialogue.offer import Change
from probe.tls.extensions import protocol_names

_OF_CHALLENGES: Final = "acme-tls/1"
"""Allowed only alone in the list, and only while a challenge is open (RFC 8737, section 3): Caddy 2.6 refuses
any other list that has it with internal_error."""

_ASKED: Final = tuple(name for name in ALPN_PROTOCOLS if name != _OF_CHALLENGES)


_USUAL: Final = ("h2", "http/1.1", "http/1.0", "http/0.9")
"""The order of nginx, which is that of most web servers."""


@frozen
class _Reply:
    """The answer to a list of ids: the id that the server chose, and whether it answered at all."""

    proof: Exchange | Handshake
    taken: str | None
    is_answered: bool


_Ask: TypeAlias = Callable[[tuple[str, ...]], Awaitable[_Reply]]


def alpn_rider() -> Rider:
    """Strikes out the ids with the hellos of another series."""
    return ListRider(_ASKED, _USUAL, offering=_listing, picked=_taken, may_pick_none=True)


def _listing(names: tuple[str, ...]) -> Change:
    return extending(protocol_names([name.encode("ascii") for name in names]))


async def check_alpn(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``alpn`` and the features ``alpn`` and ``alpn_unknown_refused``."""
    ask = _way_to_ask(prober, facts)
    if ask is None:
        return
    left, taken = _ASKED, []
    reply = first = await ask(left)
    while reply.taken in left:
        taken.append(reply.taken)
        left = tuple(name for name in left if name != reply.taken)
        reply = await ask(left)
    facts.alpn = tuple(taken)
    facts.features["alpn"] = _support(first, reply, taken)
    facts.features["alpn_unknown_refused"] = _strictness(reply)


def _way_to_ask(prober: Prober, facts: VisitFacts) -> _Ask | None:
    version = newest_in_plaintext(facts)
    if version is not None:
        return _asking_in_plaintext(prober, facts, version)
    if ProtocolVersion.TLSV1_3 in facts.spoken:
        return _asking_by_handshake(prober, facts)
    return None


def _asking_in_plaintext(prober: Prober, facts: VisitFacts, version: ProtocolVersion) -> _Ask:
    usual = answered_offer(facts, version)

    async def ask(names: tuple[str, ...]) -> _Reply:
        asked = _listing(names)(usual)
        earlier = next(answers_to_riders(prober, asked), None)
        exchange = earlier or await prober.ask(asked, is_chained=True)
        return _Reply(
            proof=exchange, taken=_taken(exchange), is_answered=exchange.version is not None
        )

    return ask


def _asking_by_handshake(prober: Prober, facts: VisitFacts) -> _Ask:
    version = ProtocolVersion.TLSV1_3

    async def ask(names: tuple[str, ...]) -> _Reply:
        offer = replace(facts.usual_handshake(version), alpn_protocols=names)
        handshake = await prober.handshake(offer)
        is_answered = bool(handshake.certificates) or handshake.end is HandshakeEnd.ACCEPTED
        return _Reply(proof=handshake, taken=handshake.alpn_protocol, is_answered=is_answered)

    return ask


def _taken(exchange: Exchange) -> str | None:
    name = exchange.hello.alpn_protocol if exchange.hello else None
    return None if name is None else name.decode("latin-1")


def _support(first: _Reply, last: _Reply, taken: list[str]) -> Fact:
    if taken:
        return first.proof.fact(Verdict.YES, f"selected {taken[0]}", ",".join(taken))
    if last.is_answered or last.proof.alert == NO_APPLICATION_PROTOCOL:
        return last.proof.fact(Verdict.NO, "selected none of the registered protocols")
    return last.proof.fact(Verdict.UNKNOWN)


def _strictness(last: _Reply) -> Fact:
    if last.proof.alert == NO_APPLICATION_PROTOCOL:
        return last.proof.fact(Verdict.YES, "alert no_application_protocol")
    if last.is_answered:
        return last.proof.fact(
            Verdict.NO, "continues, although it supports none of the offered protocols"
        )
    if isinstance(last.proof, Exchange) and last.proof.is_refusal:
        return last.proof.fact(Verdict.YES)
    return last.proof.fact(Verdict.UNKNOWN)
