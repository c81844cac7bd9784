"""Does the same port answer HTTP/3 over UDP, with the certificate that it serves over TCP?

Asked of web servers only. A server that lists QUIC versions and finishes a handshake for ``h3`` supports it;
an ICMP message that nothing listens means no. Silence does not: UDP is usually filtered.
"""

from __future__ import annotations

import hashlib
from typing import Final

from model.verdict import Evidence, Fact, Verdict
from probe.checks.prober import NotAskedError, Prober
from probe.checks.visit_facts import VisitFacts
from probe.quic.answer import QuicAnswer, QuicEnd
from probe.quic.version_negotiation import version_name

HTTP3_FACTS: Final = ("http3", "http3_certificate", "quic_early_data")
QUIC_FACTS: Final = (
    "quic_v1",
    "quic_v2",
    "quic_retry",
    "quic_cipher_suites",
    "quic_groups",
    "quic_post_quantum",
    "quic_alpn",
    "quic_certificates",
    "quic_client_certificate_requested",
    "quic_same_cipher_suites",
    "quic_same_groups",
    "quic_same_client_certificate_request",
)
"""What ``check_quic`` finds, in ``probe.checks.quic``."""
_VERDICTS: Final = {
    QuicEnd.ANSWERED: Verdict.YES,
    QuicEnd.DECLINED: Verdict.NO,
    QuicEnd.CLOSED: Verdict.NO,
}


async def check_http3(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``http`` with what the UDP port answers, and ``quic`` with its session ticket."""
    if facts.inputs.web is None or not facts.inputs.web.is_likely(facts.alpn):
        return
    answer = await prober.quic(facts.inputs.server_name)
    if answer is None:
        return
    versions = ", ".join(version_name(version) for version in answer.versions)
    verdict = _VERDICTS.get(answer.end, Verdict.UNKNOWN)
    facts.http["http3"] = Fact(verdict=verdict, evidence=_proof(answer), value=versions or None)
    if answer.ticket is not None:
        facts.quic["quic_early_data"] = _early_data(answer, answer.ticket)
    if answer.certificates:
        facts.http["http3_certificate"] = _certificate(answer, facts)


async def check_quic(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``quic`` if a datagram of the UDP port shows that the server speaks QUIC."""
    if "http3" in facts.not_asked:
        raise NotAskedError
    http3 = facts.http.get("http3")
    if http3 is None or http3.evidence is None or http3.evidence.answer is None:
        return
    # A scan of a server without QUIC starts without these modules.
    from probe.checks.quic.quic_facts import fill_quic_facts

    await fill_quic_facts(prober, facts)


def _certificate(answer: QuicAnswer, facts: VisitFacts) -> Fact:
    leaf = answer.certificates[0]
    over_tcp = {chain.chain[0] for chain in facts.chains} | {
        handshake.certificates[0] for handshake in facts.handshakes if handshake.certificates
    }
    verdict = Verdict.YES if leaf in over_tcp else Verdict.NO
    if not over_tcp:
        verdict = Verdict.UNKNOWN
    return Fact(verdict=verdict, evidence=_proof(answer), value=hashlib.sha256(leaf).hexdigest())


def _early_data(answer: QuicAnswer, ticket: bytes) -> Fact:
    """Yes if the server's session ticket permits early data (RFC 9001, section 4.6.1)."""
    size = answer.max_early_data
    note = "a session ticket without early_data" if size is None else f"max_early_data_size {size}"
    evidence = Evidence(answer=ticket, note=note)
    return Fact(verdict=Verdict.YES if size else Verdict.NO, evidence=evidence)


def _proof(answer: QuicAnswer) -> Evidence:
    return Evidence(offer=answer.asked, answer=answer.answered or None, note=answer.note)
