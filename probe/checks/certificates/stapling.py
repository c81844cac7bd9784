"""What does the server send with each of its certificates: an OCSP response, SCTs?

Up to TLS 1.2 one hello for each kind of key asks for both, usually one that asks about signature schemes too. The
answers are in plaintext (RFC 6066, section 8; RFC 6962, section 3.3.1). For a key that was seen at TLS 1.3 only, the encrypted flight is
decrypted; there they come with the certificate (RFC 9846, section 4.4.2.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from model.certificates.certificate import KeyType
from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from model.registry import cipher_suite_by_code_point, signature_scheme_code_point
from model.verdict import Evidence, Fact, Verdict
from pki.certificates import parse_certificate
from probe.checks.answered_offers import accepted_suites, answered_offer, newest_in_plaintext
from probe.checks.certificates.served_chains import FOR_ISSUERS, TLS13_SCHEMES
from probe.checks.combined_extensions import extending
from probe.checks.prober import Prober, in_turn, side_by_side
from probe.checks.riding.riders import OnceRider, Rider, answers_to_riders
from probe.checks.tls13_flights import read_tls13_flight
from probe.checks.visit_facts import Stapled, VisitFacts
from probe.dialogue.answer import ConnectFailure, ServerFlight
from probe.dialogue.exchange import Exchange
from probe.dialogue.offer import Offer
from probe.tls.extensions import (
    signature_algorithms,
    signed_certificate_timestamp,
    status_request,
)

STAPLING_FEATURES: Final = ("ocsp_stapling", "sct_in_tls")

_TLSV1_3: Final = ProtocolVersion.TLSV1_3

_ASK: Final = extending(status_request(), signed_certificate_timestamp())


@frozen
class _StapledData:
    """What came with one leaf, and the bytes that show it."""

    stapled: Stapled
    evidence: Evidence


def stapling_rider() -> Rider:
    """Asks for both with one hello of a series."""
    return OnceRider(_ASK)


async def check_stapling(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``stapled`` and the features ``ocsp_stapling`` and ``sct_in_tls``."""
    found: list[_StapledData] = []
    await in_turn(
        _read_off_plaintext(prober, facts, found),
        _read_off_tls13(prober, facts, found),
        _conclude(facts, found),
    )


async def _read_off_plaintext(prober: Prober, facts: VisitFacts, found: list[_StapledData]) -> None:
    version = newest_in_plaintext(facts)
    if version is not None:
        found += await _ask_in_plaintext(prober, facts, version)


async def _read_off_tls13(prober: Prober, facts: VisitFacts, found: list[_StapledData]) -> None:
    seen = {parse_certificate(one.stapled.leaf).key_type for one in found}
    hidden = [kind for kind in _tls13_keys(facts) if kind not in seen]
    opened = await side_by_side(*(_open_flight(prober, facts, kind) for kind in hidden))
    found += [one for one in opened if one is not None]


async def _conclude(facts: VisitFacts, found: list[_StapledData]) -> None:
    facts.stapled += [one.stapled for one in found]
    if found:
        facts.features["ocsp_stapling"] = _fact(
            [one for one in found if one.stapled.ocsp_response], found, "an OCSP response"
        )
        facts.features["sct_in_tls"] = _fact(
            [one for one in found if one.stapled.sct_list], found, "signed certificate timestamps"
        )


def _fact(having: list[_StapledData], found: list[_StapledData], what: str) -> Fact:
    if not having:
        proof = found[0].evidence
        note = f"no {what.removeprefix('an ')} with the certificate"
        return Fact(
            verdict=Verdict.NO,
            evidence=replace(proof, note=note),
        )
    kinds = (parse_certificate(one.stapled.leaf).key_type.value for one in having)
    proof = having[0].evidence
    note = f"{what} with the certificate"
    return Fact(
        verdict=Verdict.YES,
        value=",".join(dict.fromkeys(kinds)),
        evidence=replace(proof, note=note),
    )


async def _ask_in_plaintext(
    prober: Prober, facts: VisitFacts, version: ProtocolVersion
) -> list[_StapledData]:
    """Sends one hello for each kind of authentication among the accepted suites."""
    suites: dict[str, list[int]] = {}
    for code_point in accepted_suites(facts, version):
        suite = cipher_suite_by_code_point(code_point)
        if suite is not None and suite.authentication in {"RSA", "ECDSA", "DSS"}:
            suites.setdefault(suite.authentication, []).append(code_point)
    if facts.cipher_suites.get(version) is None:
        suites = {"any": list(accepted_suites(facts, version))}
    asked = [_ASK(answered_offer(facts, version, tuple(some))) for some in suites.values()]
    answers = await side_by_side(*(_answer(prober, one) for one in asked))
    return [beside for answer in answers for beside in _read_in_plaintext(answer)]


async def _answer(prober: Prober, asked: Offer) -> Exchange:
    return next(answers_to_riders(prober, asked), None) or await prober.ask(asked)


def _read_in_plaintext(exchange: Exchange) -> Iterator[_StapledData]:
    flight = exchange.answer
    if not (isinstance(flight, ServerFlight) and flight.certificates):
        return
    status = flight.certificate_status
    yield _StapledData(
        stapled=Stapled(
            leaf=flight.certificates[0],
            ocsp_response=status.ocsp_response if status else None,
            sct_list=flight.hello.sct_list,
        ),
        evidence=exchange.evidence(),
    )


def _tls13_keys(facts: VisitFacts) -> list[KeyType]:
    """The kinds of key that TLS 1.3 handshakes have shown for the name that the target has."""
    if _TLSV1_3 not in facts.spoken:
        return []
    own = facts.usual_handshake(_TLSV1_3).server_name
    leaves = [
        one.certificates[0] for one in facts.handshakes_for(own) if one.offer.version is _TLSV1_3
    ]
    return list(dict.fromkeys(parse_certificate(leaf).key_type for leaf in leaves))


async def _open_flight(prober: Prober, facts: VisitFacts, kind: KeyType) -> _StapledData | None:
    names = (*TLS13_SCHEMES.get(kind, ()), *FOR_ISSUERS)
    schemes = [signature_scheme_code_point(name) for name in names]
    wanted = signature_algorithms(tuple(one for one in schemes if one is not None))
    flight = await read_tls13_flight(prober, facts, extending(wanted), _ASK)
    if flight is None or isinstance(flight, ConnectFailure) or not flight.certificates:
        return None
    leaf = flight.certificates[0]
    return _StapledData(
        stapled=Stapled(
            leaf=leaf.der,
            ocsp_response=leaf.ocsp_response,
            sct_list=leaf.sct_list,
        ),
        evidence=Evidence(offer=flight.offered, answer=flight.answer.raw or None),
    )
