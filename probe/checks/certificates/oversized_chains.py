"""Which chain does a server send if its flights were too long to store, or if OpenSSL rejected the chain?

An answer is stored up to 256 KiB, and OpenSSL accepts up to 100 KiB of well-formed certificates. If neither
showed a chain, the hello is sent once more and up to 1.25 MiB is read. At TLS 1.3 the encrypted flight is
decrypted with our own key share, so no library has to accept the chain.
"""

from __future__ import annotations

from typing import Final

from model.protocol_version import ProtocolVersion
from probe.checks.prober import Prober, in_turn
from probe.checks.tls13_flights import read_tls13_flight
from probe.checks.visit_facts import VisitFacts
from probe.crypto.tls13_flight import Tls13Flight
from probe.dialogue.answer import ConnectFailure, ServerFlight
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import Handshake, HandshakeEnd, HandshakeOffer
from probe.tls.limits import MAX_LONG_ANSWER_LENGTH

_TLSV1_3: Final = ProtocolVersion.TLSV1_3
_TOO_LONG: Final = f"incomplete after the first {MAX_LONG_ANSWER_LENGTH // 1024} KiB"


async def check_oversized_chains(prober: Prober, facts: VisitFacts) -> None:
    """Adds the answer that shows the chain, or records in ``unread_chains`` that no answer does."""
    await in_turn(_read_chains_in_plaintext(prober, facts), _open_chain_at_tls13(prober, facts))


async def _read_chains_in_plaintext(prober: Prober, facts: VisitFacts) -> None:
    """Asks one question at the newest version only: other versions rarely serve another chain."""
    cut = [one for one in prober.exchanges if _is_cut(one)]
    if not cut or any(_has_chain(one) for one in prober.exchanges):
        return
    newest = max(cut, key=lambda one: one.version or 0)
    found = await prober.ask_at_length(newest.offer)
    if newest.version is not None and not _has_chain(found):
        facts.unread_chains[newest.version] = _TOO_LONG


def _is_cut(exchange: Exchange) -> bool:
    answer = exchange.answer
    return isinstance(answer, ServerFlight) and answer.is_cut and answer.certificates is None


def _has_chain(exchange: Exchange) -> bool:
    return isinstance(exchange.answer, ServerFlight) and bool(exchange.answer.certificates)


async def _open_chain_at_tls13(prober: Prober, facts: VisitFacts) -> None:
    handshakes = [one for one in facts.handshakes if one.offer.version is _TLSV1_3]
    broken = [one for one in handshakes if one.end is HandshakeEnd.UNFINISHED and one.answered]
    if not broken or any(one.certificates for one in handshakes):
        return
    flight = await read_tls13_flight(prober, facts, longest=MAX_LONG_ANSWER_LENGTH)
    opened = _handshake_of(broken[0].offer, flight)
    if opened is None:
        facts.unread_chains[_TLSV1_3] = broken[0].note
        return
    facts.handshakes.insert(facts.handshakes.index(handshakes[0]), opened)


def _handshake_of(
    offer: HandshakeOffer, flight: Tls13Flight | ConnectFailure | None
) -> Handshake | None:
    """The content of the flight, as a handshake that was not finished."""
    if not isinstance(flight, Tls13Flight) or not (flight.is_whole and flight.certificates):
        return None
    asked = "is" if flight.requested is not None else "is not"
    return Handshake(
        offer=offer,
        end=HandshakeEnd.OPENED,
        certificates=tuple(entry.der for entry in flight.certificates),
        certificate_requested=flight.requested is not None,
        offered=flight.offered,
        answered=flight.answer.raw,
        note=f"the server's flight was decrypted; a client certificate {asked} requested in it",
    )
