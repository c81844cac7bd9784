"""Can a session be resumed by id, by ticket or by a TLS 1.3 ticket, and with early data?

Up to TLS 1.2 a full handshake gets an id or a ticket (RFC 5246, 7.3; RFC 5077). A server that resumes answers
one hello with that id or ticket without a certificate. The hello with the ticket has a session id of one
byte: the server echoes it, or echoes it with 31 bytes of its memory appended (Ticketbleed, CVE-2016-9244),
which are discarded here. At TLS 1.3 (RFC 9846, section 2.2) two handshakes show resumption, the first of
which also shows whether the server can use a HelloRetryRequest; the ticket itself states how much early data
it allows. The check never sends early data.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Fact, Verdict
from probe.checks.answered_offers import answered_offer, newest_in_plaintext
from probe.checks.combined_extensions import extending
from probe.checks.features.hello_retry import HELLO_RETRY, handshake_with_retry
from probe.checks.prober import Prober, side_by_side
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.answer import ServerFlight
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import Handshake, HandshakeEnd, PostHandshakeAction
from probe.dialogue.offer import Offer
from probe.tls.extensions import Extension, ExtensionType

RESUMPTION: Final = ("resumption_by_id", "resumption_by_ticket", "ticketbleed")
TLS13_RESUMPTION: Final = ("tls13_resumption", "early_data", HELLO_RETRY)

_SHORT_ID: Final = b"\xa5"
_LEAKING_LENGTH: Final = 32
_KEPT_OF_LEAK: Final = 4 + 2 + 32 + 1 + 1
"""A ServerHello up to the first byte of its session id."""


async def check_resumption(prober: Prober, facts: VisitFacts) -> None:
    """Fills the facts named in ``RESUMPTION`` that apply up to TLS 1.2."""
    version = newest_in_plaintext(facts)
    if version is not None:
        await side_by_side(
            _resume_by_id(prober, facts, version), _resume_by_ticket(prober, facts, version)
        )


def _resuming(
    facts: VisitFacts, version: ProtocolVersion, session_id: bytes, *extensions: Extension
) -> Offer:
    asked = extending(*extensions)(answered_offer(facts, version))
    return replace(asked, changes=replace(asked.changes, session_id=session_id))


async def _resume_by_id(prober: Prober, facts: VisitFacts, version: ProtocolVersion) -> None:
    offer = replace(facts.usual_handshake(version), wants_ticket=False)
    handshake = await prober.handshake(offer, is_chained=True)
    if handshake.end is not HandshakeEnd.ACCEPTED:
        fact = handshake.fact(Verdict.UNKNOWN)
    elif not handshake.session_id:
        fact = handshake.fact(Verdict.NO, "no session id in the ServerHello")
    else:
        exchange = await prober.ask(_resuming(facts, version, handshake.session_id))
        fact = _resumed(exchange, handshake.session_id)
    facts.features["resumption_by_id"] = fact


async def _resume_by_ticket(prober: Prober, facts: VisitFacts, version: ProtocolVersion) -> None:
    handshake = await prober.handshake(facts.usual_handshake(version), is_chained=True)
    if handshake.end is not HandshakeEnd.ACCEPTED:
        facts.features["resumption_by_ticket"] = handshake.fact(Verdict.UNKNOWN)
        facts.vulnerabilities["ticketbleed"] = handshake.fact(Verdict.UNKNOWN)
        return
    if not handshake.ticket:
        no_ticket = handshake.fact(Verdict.NO, "no NewSessionTicket in the handshake")
        facts.features["resumption_by_ticket"] = no_ticket
        facts.vulnerabilities["ticketbleed"] = no_ticket
        return
    ticket = Extension(code_point=ExtensionType.SESSION_TICKET, body=handshake.ticket)
    exchange = await prober.ask(_resuming(facts, version, _SHORT_ID, ticket))
    facts.vulnerabilities["ticketbleed"] = _ticketbleed(exchange)
    lifetime = str(handshake.ticket_lifetime_seconds)
    by_ticket = _resumed(exchange, _SHORT_ID)
    if facts.vulnerabilities["ticketbleed"].verdict is Verdict.YES:
        by_ticket = replace(facts.vulnerabilities["ticketbleed"])
    is_yes = by_ticket.verdict is Verdict.YES
    facts.features["resumption_by_ticket"] = replace(by_ticket, value=lifetime if is_yes else None)


def _resumed(exchange: Exchange, session_id: bytes) -> Fact:
    """A server that resumes echoes the id and continues without a certificate (RFC 5077, 3.4)."""
    answer = exchange.answer
    if not isinstance(answer, ServerFlight) or exchange.version is None:
        verdict = Verdict.NO if exchange.is_refusal else Verdict.UNKNOWN
        return exchange.fact(verdict, f"{exchange.summary} to a hello that offers resumption")
    if answer.certificates or answer.is_complete:
        return exchange.fact(Verdict.NO, "a full handshake, although the hello offers resumption")
    if answer.hello.session_id != session_id:
        return exchange.fact(Verdict.UNKNOWN, "the server's flight is incomplete")
    return exchange.fact(Verdict.YES, "the session is resumed without a certificate")


def _ticketbleed(exchange: Exchange) -> Fact:
    answer = exchange.answer
    if not isinstance(answer, ServerFlight) or exchange.version is None:
        return exchange.fact(Verdict.NO if exchange.is_refusal else Verdict.UNKNOWN)
    echoed = answer.hello.session_id
    if len(echoed) == _LEAKING_LENGTH and echoed.startswith(_SHORT_ID) and not answer.certificates:
        note = "a session id of one byte is echoed as 32 bytes"
        proof = Evidence(offer=exchange.offered, answer=answer.raw[:_KEPT_OF_LEAK], note=note)
        return Fact(verdict=Verdict.YES, evidence=proof)
    return exchange.fact(
        Verdict.NO, f"a session id of {len(echoed)} bytes in answer to one of one byte"
    )


async def check_tls13_resumption(prober: Prober, facts: VisitFacts) -> None:
    """Fills the features named in ``TLS13_RESUMPTION`` if the server speaks TLS 1.3."""
    if ProtocolVersion.TLSV1_3 not in facts.spoken:
        return
    usual = facts.usual_handshake(ProtocolVersion.TLSV1_3)
    first = await handshake_with_retry(
        prober, facts, replace(usual, post_handshake=PostHandshakeAction.SESSION)
    )
    facts.features["early_data"] = _early_data(first)
    if first.end is not HandshakeEnd.ACCEPTED:
        facts.features["tls13_resumption"] = first.fact(Verdict.UNKNOWN)
    elif first.early_data_bytes is None:
        facts.features["tls13_resumption"] = first.fact(Verdict.NO, "no NewSessionTicket was sent")
    else:
        again = await prober.handshake(replace(usual, resumes=True))
        facts.features["tls13_resumption"] = _resumed_at_tls13(again)


def _early_data(handshake: Handshake) -> Fact:
    """RFC 9846, section 4.6.1."""
    if handshake.end is not HandshakeEnd.ACCEPTED:
        return handshake.fact(Verdict.UNKNOWN)
    most = handshake.early_data_bytes
    if most is None:
        return handshake.fact(Verdict.NO, "no NewSessionTicket was sent")
    if most == 0:
        return handshake.fact(Verdict.NO, "NewSessionTicket without early_data")
    return handshake.fact(Verdict.YES, f"NewSessionTicket allows {most} bytes", str(most))


def _resumed_at_tls13(handshake: Handshake) -> Fact:
    if handshake.is_resumed:
        return handshake.fact(Verdict.YES, "the session is resumed without a certificate")
    if handshake.end is HandshakeEnd.ACCEPTED:
        return handshake.fact(Verdict.NO, "a full handshake, although the hello offers resumption")
    return handshake.fact(Verdict.UNKNOWN)
