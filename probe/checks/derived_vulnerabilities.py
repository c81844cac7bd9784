"""Which attacks do the accepted versions and cipher suites lay the server open to?

Nothing is asked: POODLE, SWEET32, RC4, BEAST, Lucky Thirteen, FREAK, DROWN, and suites without
authentication, without encryption or for export all follow from what is accepted. Yes rests on
one accepted suite, no on every set involved being complete. They are about SSL 3.0 to TLS 1.3,
and absent where none of these is spoken; SSL 2.0, whose every cipher kind is broken, is DROWN's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from model.observation import AcceptedSet
from model.protocol_version import ProtocolVersion
from model.registry import CipherSuite, cipher_suite_by_name, cipher_suites_for
from model.verdict import Evidence, Fact, Verdict
from probe.checks.interview import Interview
from probe.checks.learnt import ASKED_VERSIONS, Learnt
from probe.checks.sslv2 import lists_no_kind
from probe.tls.answer import ServerFlight
from probe.tls.exchange import Exchange

_SSLV3, _TLSV1_0 = ASKED_VERSIONS[:2]
_SHORT_BLOCKS: Final = frozenset({"3DES", "DES", "IDEA", "RC2"})
_NO_AUTHENTICATION: Final = frozenset({"anon", "NULL"})
_EXPORT_RSA_BITS: Final = 512


def _is_cbc(suite: CipherSuite) -> bool:
    """RC2 has no other mode in TLS, though not every name of its suites says so."""
    return suite.mode == "CBC" or suite.encryption == "RC2"


def _is_short_block(suite: CipherSuite) -> bool:
    """64-bit blocks in CBC mode. GOST's and Magma's counter modes change keys in time."""
    return _is_cbc(suite) and suite.encryption in _SHORT_BLOCKS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flaw:
    """A weakness of each suite for which ``is_in`` holds, at ``versions``."""

    name: str
    is_in: Callable[[CipherSuite], bool]
    versions: tuple[ProtocolVersion, ...] = ASKED_VERSIONS

    @property
    def involved(self) -> Iterator[ProtocolVersion]:
        """The versions that have any such suite to offer, the newest first."""
        for version in reversed(self.versions):
            if any(self.is_in(suite) for suite in cipher_suites_for(version)):
                yield version


_LUCKY13 = _Flaw(name="lucky13", is_in=_is_cbc)
"""CVE-2013-0169: CBC whose MAC is of the plain text. Prone to it; no timing is measured."""

_FREAK = _Flaw(name="freak", is_in=lambda suite: suite.name.startswith("TLS_RSA_EXPORT_WITH_"))
"""CVE-2015-0204: RSA keys of 512 bits. Those of EXPORT1024 suites are longer."""

_OF_SUITES_ALONE: Final = (
    # CVE-2014-3566: SSL 3.0 leaves the bytes of CBC's padding unsaid.
    _Flaw(name="poodle_ssl3", is_in=_is_cbc, versions=(_SSLV3,)),
    # CVE-2016-2183: blocks of 64 bits repeat within hours of one connection.
    _Flaw(name="sweet32", is_in=_is_short_block),
    # CVE-2013-2566, CVE-2015-2808, RFC 7465: the key stream is biased.
    _Flaw(name="rc4", is_in=lambda suite: suite.encryption == "RC4"),
    # CVE-2011-3389: each CBC record begins with what the last ended with, until TLS 1.1.
    _Flaw(name="beast", is_in=_is_cbc, versions=(_SSLV3, _TLSV1_0)),
    # RFC 5246, appendix F.1.1.1: anybody may stand in the middle.
    _Flaw(name="anonymous_suites", is_in=lambda one: one.authentication in _NO_AUTHENTICATION),
    # RFC 9150 at TLS 1.3: anybody may read.
    _Flaw(name="null_suites", is_in=lambda suite: suite.encryption == "NULL"),
    # RFC 4346, appendix A.5: keys of 40 or 56 bits.
    _Flaw(name="export_suites", is_in=lambda suite: suite.export),
)

DERIVED: Final = (*(flaw.name for flaw in _OF_SUITES_ALONE), "lucky13", "freak", "drown")


async def learn_derived_vulnerabilities(interview: Interview, learnt: Learnt) -> None:
    """Fills the vulnerabilities named in ``DERIVED``; asks nothing."""
    learnt.vulnerabilities["drown"] = _drown(learnt)
    asked = [fact for version, fact in learnt.protocols.items() if version in ASKED_VERSIONS]
    if all(fact.verdict is Verdict.NO for fact in asked):
        return
    for flaw in _OF_SUITES_ALONE:
        learnt.vulnerabilities[flaw.name] = _of_suites(flaw, learnt)
    learnt.vulnerabilities["lucky13"] = _lucky13(learnt)
    learnt.vulnerabilities["freak"] = _freak(interview, learnt)


def _of_suites(flaw: _Flaw, learnt: Learnt) -> Fact:
    involved = tuple(flaw.involved)
    found = [
        (name, version) for version in involved for name in _flawed_names(flaw, learnt, version)
    ]
    if found:
        return Fact(verdict=Verdict.YES, evidence=_proof_of_first(found, learnt))
    missing = [gap for version in involved if (gap := _gap(learnt, version)) is not None]
    if missing:
        return _unknown(f"not learnt: {', '.join(missing)}")
    return Fact(verdict=Verdict.NO, evidence=_proof_of_none(involved, learnt))


def _flawed_names(flaw: _Flaw, learnt: Learnt, version: ProtocolVersion) -> Iterator[str]:
    for name in _accepted(learnt, version):
        suite = cipher_suite_by_name(name)
        if suite is not None and flaw.is_in(suite):
            yield name


def _accepted(learnt: Learnt, version: ProtocolVersion) -> tuple[str, ...]:
    found = learnt.cipher_suites.get(version)
    return found.accepted if found is not None else ()


def _gap(learnt: Learnt, version: ProtocolVersion) -> str | None:
    """What would have to be known of ``version`` before anybody may say no."""
    spoken = learnt.protocols.get(version)
    if spoken is None or spoken.verdict is Verdict.UNKNOWN:
        return f"whether {version.label} is spoken"
    if spoken.verdict is Verdict.NO:
        return None
    found = learnt.cipher_suites.get(version)
    if found is None or not found.complete:
        return f"every suite of {version.label}"
    nameless = [name for name in found.accepted if cipher_suite_by_name(name) is None]
    return f"what suite {nameless[0]} is" if nameless else None


def _proof_of_first(found: list[tuple[str, ProtocolVersion]], learnt: Learnt) -> Evidence:
    name, version = found[0]
    proof = learnt.cipher_suites[version].evidence.get(name, Evidence())
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    note = f"{name} is accepted at {version.label}{more}"
    return Evidence(offer=proof.offer, answer=proof.answer, note=note)


def _proof_of_none(involved: tuple[ProtocolVersion, ...], learnt: Learnt) -> Evidence:
    """The refusal of such suites at the newest version spoken, or of the newest version."""
    for version in involved:
        found: AcceptedSet | None = learnt.cipher_suites.get(version)
        if found is not None and found.refusal is not None:
            note = f"no such suite is accepted; {version.label} refused every other than its own"
            return Evidence(offer=found.refusal.offer, answer=found.refusal.answer, note=note)
    labels = ", ".join(version.label for version in reversed(involved))
    proof = learnt.protocols[involved[0]].evidence or Evidence()
    return Evidence(offer=proof.offer, answer=proof.answer, note=f"not spoken: {labels}")


def _lucky13(learnt: Learnt) -> Fact:
    """RFC 7366 mends it where both sides have it; SSL 3.0 has no extensions to say so in."""
    prone = _of_suites(_LUCKY13, learnt)
    if prone.verdict is not Verdict.YES or any(_flawed_names(_LUCKY13, learnt, _SSLV3)):
        return prone
    mended = learnt.features.get("encrypt_then_mac", Fact(verdict=Verdict.UNKNOWN))
    match mended.verdict:
        case Verdict.NO:
            return prone
        case Verdict.UNKNOWN:
            return _unknown("CBC is accepted; not learnt: whether encrypt_then_mac is")
        case Verdict.YES:
            gap = _gap(learnt, _SSLV3)
            if gap is not None:
                return _unknown(f"not learnt: {gap}")
            return Fact(verdict=Verdict.NO, evidence=mended.evidence)


def _freak(interview: Interview, learnt: Learnt) -> Fact:
    """Also where an export key comes with a suite that is not for export, as it could in 2015."""
    accepted = _of_suites(_FREAK, learnt)
    if accepted.verdict is Verdict.YES:
        return accepted
    for exchange in interview.exchanges:
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


def _drown(learnt: Learnt) -> Fact:
    """CVE-2016-0800: whoever speaks SSL 2.0 gives away what the same key keeps at TLS.

    Where the SERVER-HELLO lists no kind, old OpenSSL may take one nonetheless (CVE-2015-3197);
    to prove that would take a key exchange.
    """
    spoken = learnt.protocols.get(ProtocolVersion.SSLV2)
    if spoken is None:
        return _unknown("not learnt: whether SSLv2 is spoken")
    verdict = Verdict.UNKNOWN if lists_no_kind(spoken) else spoken.verdict
    return Fact(verdict=verdict, evidence=spoken.evidence)


def _unknown(note: str) -> Fact:
    return Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(note=note))
