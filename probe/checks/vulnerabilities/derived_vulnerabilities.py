"""Which attacks do the accepted versions and cipher suites make possible?

Nothing is asked: POODLE, SWEET32, RC4, BEAST, Lucky Thirteen, FREAK, DROWN, and suites without
authentication, without encryption or for export all follow from what is accepted. Yes needs one accepted
suite; no needs every set involved to be complete. The facts cover SSL 3.0 to TLS 1.3 and are absent if the
server speaks none of these; SSL 2.0, all of whose cipher kinds are broken, is covered by DROWN.
"""

from __future__ import annotations

from typing import Final

from model.protocol_version import ProtocolVersion
from model.registry import CipherSuite
from model.verdict import Fact, Verdict
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.checks.visit_inputs import ASKED_VERSIONS
from probe.checks.vulnerabilities.suite_flaws import (
    SuiteFlaw,
    flawed_names,
    gap_in,
    judge_by_suites,
    not_known,
)
from probe.dialogue.answer import ServerFlight
from probe.dialogue.exchange import Exchange

_SSLV3, _TLSV1_0 = ASKED_VERSIONS[:2]
_SHORT_BLOCKS: Final = frozenset({"3DES", "DES", "IDEA", "RC2"})
_NO_AUTHENTICATION: Final = frozenset({"anon", "NULL"})
_EXPORT_RSA_BITS: Final = 512


def _is_cbc(suite: CipherSuite) -> bool:
    """RC2 has no other mode in TLS, though not all names of its suites show it."""
    return suite.mode == "CBC" or suite.encryption == "RC2"


def _is_short_block(suite: CipherSuite) -> bool:
    """64-bit blocks in CBC mode. The counter modes of GOST and Magma change keys in time."""
    return _is_cbc(suite) and suite.encryption in _SHORT_BLOCKS


_LUCKY13 = SuiteFlaw(name="lucky13", is_in=_is_cbc)
"""CVE-2013-0169: CBC with a MAC over the plaintext. Only proneness is judged; no timing is measured."""

_FREAK = SuiteFlaw(name="freak", is_in=lambda suite: suite.name.startswith("TLS_RSA_EXPORT_WITH_"))
"""CVE-2015-0204: 512-bit RSA keys. The keys of EXPORT1024 suites are longer."""

_OF_SUITES_ALONE: Final = (
    # CVE-2014-3566: SSL 3.0 does not specify the bytes of CBC padding.
    SuiteFlaw(name="poodle_ssl3", is_in=_is_cbc, versions=(_SSLV3,)),
    # CVE-2016-2183: 64-bit blocks repeat within hours of one connection.
    SuiteFlaw(name="sweet32", is_in=_is_short_block),
    # CVE-2013-2566, CVE-2015-2808, RFC 7465: the key stream is biased.
    SuiteFlaw(name="rc4", is_in=lambda suite: suite.encryption == "RC4"),
    # CVE-2011-3389: before TLS 1.1 the IV of each CBC record is the last block of the previous record.
    SuiteFlaw(name="beast", is_in=_is_cbc, versions=(_SSLV3, _TLSV1_0)),
    # RFC 5246, appendix F.1.1.1: an active attacker can intercept the connection.
    SuiteFlaw(name="anonymous_suites", is_in=lambda one: one.authentication in _NO_AUTHENTICATION),
    # RFC 9150 at TLS 1.3: the data is readable by everyone.
    SuiteFlaw(name="null_suites", is_in=lambda suite: suite.encryption == "NULL"),
    # RFC 4346, appendix A.5: keys of 40 or 56 bits.
    SuiteFlaw(name="export_suites", is_in=lambda suite: suite.export),
)

DERIVED: Final = (*(flaw.name for flaw in _OF_SUITES_ALONE), "lucky13", "freak", "drown")


async def check_derived_vulnerabilities(prober: Prober, facts: VisitFacts) -> None:
    """Fills the vulnerabilities named in ``DERIVED``; asks nothing."""
    facts.vulnerabilities["drown"] = _drown(facts)
    asked = [fact for version, fact in facts.protocols.items() if version in ASKED_VERSIONS]
    if all(fact.verdict is Verdict.NO for fact in asked):
        return
    for flaw in _OF_SUITES_ALONE:
        facts.vulnerabilities[flaw.name] = judge_by_suites(flaw, facts)
    facts.vulnerabilities["lucky13"] = _lucky13(facts)
    facts.vulnerabilities["freak"] = _freak(prober, facts)


def _lucky13(facts: VisitFacts) -> Fact:
    """RFC 7366 prevents it if both sides support it; SSL 3.0 has no extensions to negotiate it."""
    prone = judge_by_suites(_LUCKY13, facts)
    if prone.verdict is not Verdict.YES or any(flawed_names(_LUCKY13, facts, _SSLV3)):
        return prone
    mended = facts.features.get("encrypt_then_mac", Fact(verdict=Verdict.UNKNOWN))
    match mended.verdict:
        case Verdict.NO:
            return prone
        case Verdict.UNKNOWN:
            return not_known("CBC is accepted; not known: whether encrypt_then_mac is")
        case Verdict.YES:
            gap = gap_in(facts, _SSLV3)
            if gap is not None:
                return not_known(f"not known: {gap}")
            return Fact(verdict=Verdict.NO, evidence=mended.evidence)


def _freak(prober: Prober, facts: VisitFacts) -> Fact:
    """Also if an export key comes with a suite that is not for export, as was possible in 2015."""
    accepted = judge_by_suites(_FREAK, facts)
    if accepted.verdict is Verdict.YES:
        return accepted
    for exchange in prober.exchanges:
        bits = _rsa_export_bits(exchange)
        if bits is not None and bits <= _EXPORT_RSA_BITS:
            proof = exchange.evidence(f"ServerKeyExchange has an RSA key of {bits} bits")
            return Fact(verdict=Verdict.YES, evidence=proof)
    return accepted


def _rsa_export_bits(exchange: Exchange) -> int | None:
    answer = exchange.answer
    if not isinstance(answer, ServerFlight) or answer.server_key_exchange is None:
        return None
    return answer.server_key_exchange.rsa_export_bits


def _drown(facts: VisitFacts) -> Fact:
    """CVE-2016-0800: a server that speaks SSL 2.0 exposes TLS sessions that use the same key.

    If the SERVER-HELLO lists no kind, old OpenSSL may accept one nonetheless (CVE-2015-3197); a proof would
    need a key exchange.
    """
    spoken = facts.protocols.get(ProtocolVersion.SSLV2)
    if spoken is None:
        return not_known("not known: whether SSLv2 is spoken")
    verdict = Verdict.UNKNOWN if facts.sslv2_lists_no_kind else spoken.verdict
    return Fact(verdict=verdict, evidence=spoken.evidence)
