"""Does the server check the padding of CBC records, as TLS requires (CVE-2014-8730)?

After a handshake with an AES-CBC suite, one record is sent that is correct except for its padding. RFC 5246,
section 6.2.3.2, requires the server to refuse it. A server that answers it has the SSL 3.0 flaw at TLS. If
the server stays silent, a record with a wrong MAC is sent on another connection: if only that one is refused,
the server did not check the padding.
"""

from __future__ import annotations

from dataclasses import replace

from model.protocol_version import ProtocolVersion
from model.registry import CipherSuite, cipher_suite_by_code_point
from model.verdict import Evidence, Fact, Verdict
from probe.checks.answered_offers import cbc_suites
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.handshake import Handshake, HandshakeEnd, PostHandshakeAction


async def check_poodle_tls(prober: Prober, facts: VisitFacts) -> None:
    """Fills the vulnerability ``poodle_tls``; unknown if the server accepts CBC only with other ciphers."""
    earlier = sorted(facts.spoken, reverse=True)
    versions = [one for one in earlier if ProtocolVersion.SSLV3 < one < ProtocolVersion.TLSV1_3]
    if not versions:
        return
    for version in versions:
        suites = tuple(code for code in cbc_suites(facts, version) if _can_be_made(code))
        if suites:
            facts.vulnerabilities["poodle_tls"] = await _ask(prober, facts, version, suites)
            return
    facts.vulnerabilities["poodle_tls"] = _without_question(facts, versions)


def _can_be_made(code_point: int) -> bool:
    suite: CipherSuite | None = cipher_suite_by_code_point(code_point)
    return suite is not None and bool(suite.openssl_name) and suite.is_aes_cbc


def _without_question(facts: VisitFacts, versions: list[ProtocolVersion]) -> Fact:
    found = [facts.cipher_suites.get(version) for version in versions]
    if any(one is None or not one.complete for one in found):
        return Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(note="not known: every suite"))
    if any(cbc_suites(facts, version) for version in versions):
        note = "CBC suites are accepted, but none with AES, which this test needs"
        return Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(note=note))
    refusal = (found[0].refusal if found[0] else None) or Evidence()
    note = "no CBC suite is accepted"
    return Fact(
        verdict=Verdict.NO,
        evidence=replace(refusal, note=note),
    )


async def _ask(
    prober: Prober, facts: VisitFacts, version: ProtocolVersion, suites: tuple[int, ...]
) -> Fact:
    offer = replace(
        facts.usual_handshake(version),
        cipher_suites=suites,
        post_handshake=PostHandshakeAction.SPOILED_PADDING,
    )
    padding = await prober.handshake(offer)
    if padding.post_handshake is HandshakeEnd.REFUSED:
        return padding.fact(Verdict.NO, "a record with wrong padding was refused")
    if padding.post_handshake is HandshakeEnd.ACCEPTED:
        return padding.fact(Verdict.YES, "a record with wrong padding was answered")
    if padding.end is not HandshakeEnd.ACCEPTED:
        return padding.fact(Verdict.UNKNOWN)
    mac = await prober.handshake(replace(offer, post_handshake=PostHandshakeAction.SPOILED_MAC))
    return _compared(padding, mac)


def _compared(padding: Handshake, mac: Handshake) -> Fact:
    if mac.post_handshake is HandshakeEnd.REFUSED:
        note = "a record with a wrong MAC was refused, one with wrong padding was not"
        return padding.fact(Verdict.YES, note)
    return padding.fact(Verdict.UNKNOWN, "records with wrong padding or MAC get no answer")
