"""Which signature schemes does the server sign its handshakes with, at TLS 1.2 and 1.3?

At TLS 1.2 the scheme is in the ServerKeyExchange: schemes are struck out separately for each kind of
authentication (RFC 5246, 7.4.3). TLS 1.3 encrypts the scheme, so a handshake is finished with one scheme
only, for each scheme of the keys that were served. If a key has only one scheme, the handshake that showed
the key proves it (RFC 9846, 4.2.3).
"""

from __future__ import annotations

from collections.abc import Coroutine, Iterator
from dataclasses import replace
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from model.certificates.certificate import Certificate, KeyType
from model.observation import AcceptedSet
from model.protocol_version import ProtocolVersion
from model.registry import SIGNATURE_SCHEMES, CipherSuite, signature_scheme_name
from model.verdict import Evidence, Fact, Preference, Verdict
from pki.certificates import parse_certificate
from pki.certificates.reading.strict_reading import load_certificate
from probe.checks.certificates.served_chains import (
    FOR_ISSUERS,
    TLS13_SCHEMES,
    check_tls13_chains,
    finish_handshake,
)
from probe.checks.prober import Prober, side_by_side
from probe.checks.riding.hello_riders import tls12_riders
from probe.checks.versions_and_suites.key_exchanges import (
    confirm_end_by_alert,
    key_exchanges,
    sent_in,
    suites_with,
)
from probe.checks.versions_and_suites.strike_out import Struck, merged, strike_out
from probe.checks.versions_and_suites.usual_orders import OF_SCHEMES, USUAL_SCHEMES, foresight
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import Handshake, HandshakeEnd
from probe.dialogue.offer import EVERY_SIGNATURE_SCHEME, Changes, offer
from probe.tls.extensions import signature_algorithms, signature_algorithms_cert

SIGNATURE_FEATURES: Final = ("ignores_signature_algorithms", "signs_with_md5", "signs_with_sha1")

_TLSV1_2, _TLSV1_3 = ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3
_SIGNING: Final = ("RSA", "ECDSA", "DSS")
"""The kinds of authentication whose ServerKeyExchange is signed (RFC 5246, A.4.1)."""

_BROKEN_HASHES: Final = ("md5", "sha1")
_SCHEME_OF_CURVE: Final = {
    "secp256r1": "ecdsa_secp256r1_sha256",
    "secp384r1": "ecdsa_secp384r1_sha384",
    "secp521r1": "ecdsa_secp521r1_sha512",
    "brainpoolP256r1": "ecdsa_brainpoolP256r1tls13_sha256",
    "brainpoolP384r1": "ecdsa_brainpoolP384r1tls13_sha384",
    "brainpoolP512r1": "ecdsa_brainpoolP512r1tls13_sha512",
}
"""From TLS 1.3 on, a scheme names the curve too."""

_WITH_SHA1: Final = -1
"""The place of SHA-1 among the usual schemes: many servers no longer sign with it."""

_SCHEME_OF_MLDSA_BITS: Final = {10496: "mldsa44", 15616: "mldsa65", 20736: "mldsa87"}
_CODE_POINTS: Final = {scheme.name: scheme.code_point for scheme in SIGNATURE_SCHEMES}
_FINISHED: Final = frozenset({HandshakeEnd.ACCEPTED, HandshakeEnd.REFUSED})
"""How a handshake ended after OpenSSL verified the CertificateVerify."""


async def check_tls12_schemes(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``signature_schemes`` of TLS 1.2, and the features of signatures."""
    if _TLSV1_2 not in facts.spoken:
        return
    suites = suites_with(facts, _TLSV1_2, "ECDHE", "DHE")
    kinds = [
        tuple(suite for suite in suites if suite.authentication == authentication)
        for authentication in _SIGNING
    ]
    kinds = [kind for kind in kinds if kind]
    parts = await side_by_side(
        *(_strike_out(prober, facts, kind, is_first=kind is kinds[0]) for kind in kinds)
    )
    if not parts:
        return
    found = merged(parts).accepted_set(signature_scheme_name)
    facts.signature_schemes[_TLSV1_2] = found
    facts.features["ignores_signature_algorithms"] = _ignores(parts)
    for broken in _BROKEN_HASHES:
        facts.features[f"signs_with_{broken}"] = _signs_with(broken, found)


async def _strike_out(
    prober: Prober, facts: VisitFacts, suites: tuple[CipherSuite, ...], *, is_first: bool
) -> Struck:
    """Strikes out the schemes offered with ``suites``. The schemes for certificates are always offered in
    full: Java serves a chain only if the schemes that sign it are offered (RFC 8446, 4.2.3:
    signature_algorithms_cert)."""
    code_points = tuple(suite.code_point for suite in suites)
    shape = facts.shape_at(_TLSV1_2)
    for_certificates = signature_algorithms_cert(EVERY_SIGNATURE_SCHEME)
    expected = USUAL_SCHEMES.get(suites[0].authentication, ())[:_WITH_SHA1]
    riders = tls12_riders(prober, facts, suites, is_first=is_first)

    def ask(schemes: tuple[int, ...], is_chained: bool) -> Coroutine[Any, Any, Exchange]:
        changes = Changes(extensions=(signature_algorithms(schemes), for_certificates))
        asked = offer(_TLSV1_2, code_points, shape, changes=changes)
        if not any(scheme in schemes for scheme in expected):
            return prober.ask(asked, is_chained=is_chained)

        def is_choice(exchange: Exchange) -> bool:
            return _picked_scheme(exchange) in schemes

        return riders.ask(prober, asked, is_choice, is_chained=is_chained)

    heard = (
        seen.exchange
        for seen in key_exchanges(prober, facts)
        if seen.version is _TLSV1_2 and seen.suite in suites and seen.answers_the_usual_hello
    )
    struck = await strike_out(
        ask,
        _picked_scheme,
        EVERY_SIGNATURE_SCHEME,
        next(heard, None),
        foresight=foresight(prober, OF_SCHEMES),
    )
    return await confirm_end_by_alert(prober, struck)


def _picked_scheme(exchange: Exchange) -> int | None:
    sent = sent_in(exchange)
    return sent.signature_scheme if sent is not None else None


def _ignores(parts: list[Struck]) -> Fact:
    """RFC 5246, 7.4.3: the pair must be in the client's signature_algorithms."""
    for part in parts:
        picked = _picked_scheme(part.last)
        if picked is not None:
            name = signature_scheme_name(picked)
            return part.last.fact(Verdict.YES, f"signed with {name}, which was not offered")
    whole = merged(parts)
    verdict = Verdict.NO if whole.is_complete else Verdict.UNKNOWN
    return whole.last.fact(verdict, whole.proves_end)


def _signs_with(broken: str, found: AcceptedSet) -> Fact:
    for name in found.accepted:
        if name.endswith(f"_{broken}"):
            proof = found.evidence[name]
            note = f"{name} is accepted at {_TLSV1_2.label}"
            return Fact(verdict=Verdict.YES, evidence=replace(proof, note=note))
    return Fact(verdict=Verdict.NO if found.complete else Verdict.UNKNOWN, evidence=found.refusal)


async def check_tls13_schemes(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``signature_schemes`` of TLS 1.3: asks for each scheme of a key that has several.

    Handshakes for other names, which other checks finish at the same time, say nothing about this name's keys.
    """
    if _TLSV1_3 not in facts.spoken:
        return
    if facts.first_handshake_at(_TLSV1_3) is None:
        await check_tls13_chains(prober, facts)
    own = facts.usual_handshake(_TLSV1_3).server_name
    heard = [
        one
        for one in facts.handshakes
        if one.offer.version is _TLSV1_3 and one.offer.server_name == own
    ]
    served = {leaf.key_type: (one, leaf) for one in heard for leaf in _leaf(one)}
    if not served:
        return
    proofs: dict[str, Handshake] = {}
    asked: list[str] = []
    for handshake, leaf in served.values():
        schemes = tuple(_schemes_of(leaf))
        if len(schemes) == 1:
            proofs[schemes[0]] = handshake
        else:
            asked += schemes
    answers = await side_by_side(
        *(finish_handshake(prober, facts, _TLSV1_3, (name, *FOR_ISSUERS)) for name in asked)
    )
    proofs.update(zip(asked, answers, strict=True))
    facts.signature_schemes[_TLSV1_3] = _accepted_of(proofs, heard)


def _accepted_of(proofs: dict[str, Handshake], heard: list[Handshake]) -> AcceptedSet:
    """Complete if each scheme of a served key is settled and those of other keys were declined."""
    accepted = [name for name, proof in proofs.items() if proof.end in _FINISHED]
    declined = [one for one in heard if one.end is HandshakeEnd.DECLINED]
    is_settled = all(
        proof.end in _FINISHED or proof.end is HandshakeEnd.DECLINED for proof in proofs.values()
    )
    return AcceptedSet(
        accepted=tuple(sorted(accepted, key=_CODE_POINTS.__getitem__)),
        complete=is_settled and bool(declined),
        preference=Preference.UNKNOWN,
        evidence={name: _evidence(proofs[name]) for name in accepted},
        refusal=_evidence(declined[-1]) if declined else None,
    )


def _leaf(handshake: Handshake) -> Iterator[Certificate]:
    if handshake.certificates:
        yield parse_certificate(handshake.certificates[0])


def _schemes_of(leaf: Certificate) -> Iterator[str]:
    """The schemes with which a TLS 1.3 server can sign with that key."""
    fitting = TLS13_SCHEMES.get(leaf.key_type, ())
    match leaf.key_type:
        case KeyType.ECDSA:
            only = _SCHEME_OF_CURVE.get(_curve(leaf.der))
        case KeyType.MLDSA:
            only = _SCHEME_OF_MLDSA_BITS.get(leaf.key_bits or 0)
        case _:
            only = None
    yield from (only,) if only is not None else fitting


def _curve(der: bytes | None) -> str:
    """The curve of an elliptic-curve key; an empty string if it cannot be read."""
    certificate = load_certificate(der)
    try:
        key = certificate.public_key() if certificate is not None else None
    except (ValueError, UnsupportedAlgorithm):
        return ""
    return key.curve.name if isinstance(key, ec.EllipticCurvePublicKey) else ""


def _evidence(handshake: Handshake) -> Evidence:
    fact = handshake.fact(Verdict.YES)
    return fact.evidence or Evidence()
