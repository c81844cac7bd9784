"""Which other keys does the server use for clients that send no name, or an unknown one?

Asked only if such a client got a certificate other than the target's own. In that case a separate host
answers, which may have one certificate for each kind of key, as the target does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from model.protocol_version import ProtocolVersion
from model.registry import cipher_suite_by_code_point, cipher_suites_for
from pki.certificates import parse_certificate
from probe.checks.certificates.served_chains import FOR_ISSUERS, TLS13_SCHEMES
from probe.checks.prober import Prober, side_by_side
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.answer import ServerFlight
from probe.dialogue.candidate_suites import FEW_SUITES
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import Handshake
from probe.dialogue.offer import offer

_KINDS: Final = ("RSA", "ECDSA")
"""Kinds of authentication by certificate. DSA keys went out of use before server names were introduced."""


async def ask_other_keys(prober: Prober, answered: Sequence[Exchange]) -> None:
    """Sends one more hello for each kind of key that these answers did not show; the prober stores the chains."""
    await side_by_side(*(_ask_other_key(prober, one) for one in answered))


async def _ask_other_key(prober: Prober, first: Exchange) -> None:
    shown = _authentication(first)
    for kind in _KINDS:
        if kind != shown:
            suites = _suites_of(first.offer.version, kind)
            await prober.ask(offer(first.offer.version, suites, first.offer.shape))


def _authentication(exchange: Exchange) -> str | None:
    answer = exchange.answer
    if not isinstance(answer, ServerFlight):
        return None
    suite = cipher_suite_by_code_point(answer.hello.cipher_suite)
    return suite.authentication if suite else None


def _suites_of(version: ProtocolVersion, kind: str) -> tuple[int, ...]:
    fitting = [one for one in cipher_suites_for(version) if one.authentication == kind]
    newest_first = reversed([one.code_point for one in fitting])
    return tuple(newest_first)[:FEW_SUITES]


async def shake_for_other_keys(
    prober: Prober, facts: VisitFacts, answered: Sequence[Handshake]
) -> None:
    """The same with TLS 1.3 handshakes: one for each key type, and one that gets no further key."""
    found = await side_by_side(*(_shake_for_other_keys(prober, one) for one in answered))
    facts.handshakes += [handshake for several in found for handshake in several]


async def _shake_for_other_keys(prober: Prober, first: Handshake) -> list[Handshake]:
    left = dict(TLS13_SCHEMES)
    found: list[Handshake] = []
    latest = first
    while latest.certificates:
        if left.pop(parse_certificate(latest.certificates[0]).key_type, None) is None or not left:
            break
        schemes = tuple(name for names in left.values() for name in names)
        wanted = replace(first.offer, signature_schemes=(*schemes, *FOR_ISSUERS))
        latest = await prober.handshake(wanted)
        found.append(latest)
    return found
