"""Does a server that asks for client certificates verify them?

The check presents certificates that no authority issued: one signed by itself, and one that claims an
authority named by the server but is signed by another key. If the server lets a client without a certificate
finish the handshake, it may refuse in HTTP (nginx). So one HTTP request follows, with and without such a
certificate, and the answers are compared. If the user has a certificate for the target, the server must
accept it, and must refuse one that has expired.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from model.observation import (
    ClientAttempt,
    ClientAuth,
    ClientAuthMode,
    ForgedCertificate,
    OwnAttempt,
)
from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Verdict
from probe.checks.client_auth.client_auth import requested_authorities, scheme_names
from probe.checks.client_auth.own_certificate import ASKING
from probe.checks.client_auth.post_handshake_auth import REFUSALS, on_path
from probe.checks.prober import Prober, side_by_side
from probe.checks.tls13_flights import read_tls13_flight
from probe.checks.visit_facts import VisitFacts
from probe.checks.visit_inputs import OwnCertificate
from probe.dialogue.answer import ConnectFailure
from probe.dialogue.handshake import (
    Handshake,
    HandshakeEnd,
    HandshakeOffer,
    PostHandshakeAction,
    Presented,
)
from probe.web.status_line import http_status

VERIFICATION: Final = ("client_auth.verifies", "client_auth.own", "client_auth.expired")
"""What this check fills, as an Observation names it if it was not asked."""

_PRESENTED: Final = {
    ForgedCertificate.SELF_SIGNED: Presented.SELF_SIGNED,
    ForgedCertificate.IMPOSTOR: Presented.IMPOSTOR,
}


async def check_client_verification(prober: Prober, facts: VisitFacts) -> None:
    """Completes ``client_auth`` of every version that asks for a certificate."""
    asking = [version for version, found in facts.client_auth.items() if found.mode in ASKING]
    await side_by_side(*(_verify_at(prober, facts, version) for version in asking))


async def _verify_at(prober: Prober, facts: VisitFacts, version: ProtocolVersion) -> None:
    facts.client_auth[version] = await _show_certificates(prober, facts, version)


async def _show_certificates(
    prober: Prober, facts: VisitFacts, version: ProtocolVersion
) -> ClientAuth:
    auth = facts.client_auth[version]
    is_optional = auth.mode is ClientAuthMode.REQUESTED or auth.asked_on_path is not None
    plain = replace(
        facts.http_handshake(version),
        presents=Presented.NOTHING,
        post_handshake=PostHandshakeAction.HTTP if is_optional else PostHandshakeAction.LISTEN,
        user_agent=facts.inputs.user_agent if is_optional else "",
    )
    if auth.asked_on_path is not None:
        plain = on_path(plain, auth.asked_on_path)
    without = await prober.handshake(plain) if is_optional else None
    forged = {
        kind: replace(plain, presents=_PRESENTED[kind], claimed_issuer=issuer)
        for kind, issuer in _forgeries(requested_authorities(prober, facts, version))
    }
    attempts = await _show_forged(prober, forged, without)
    certificates = {
        Presented.OWN: facts.inputs.own_certificate,
        Presented.EXPIRED: facts.inputs.expired_certificate,
    }
    own, expired = await side_by_side(
        *(
            _show_own(prober, facts, certificate, replace(plain, presents=presented), without)
            for presented, certificate in certificates.items()
        )
    )
    schemes = auth.signature_schemes
    if auth.asked_on_path is None and version is ProtocolVersion.TLSV1_3:
        schemes = await _ask_schemes_at_tls13(prober, facts)
    return replace(
        auth,
        signature_schemes=schemes,
        attempts=attempts,
        verifies=_verifies(attempts),
        own=own,
        expired=expired,
    )


async def _show_forged(
    prober: Prober, forged: Mapping[ForgedCertificate, HandshakeOffer], without: Handshake | None
) -> tuple[ClientAttempt, ...]:
    """Whether each forged certificate is accepted, in their order."""
    handshakes = await side_by_side(*(prober.handshake(offer) for offer in forged.values()))
    return tuple(
        ClientAttempt(
            forged=kind, is_accepted=_judge(handshake, without), evidence=_evidence(handshake)
        )
        for kind, handshake in zip(forged, handshakes, strict=True)
    )


async def _ask_schemes_at_tls13(prober: Prober, facts: VisitFacts) -> tuple[str, ...]:
    """The schemes in the encrypted CertificateRequest (RFC 9846, section 4.3.2)."""
    flight = await read_tls13_flight(prober, facts)
    if flight is None or isinstance(flight, ConnectFailure):
        return ()
    return scheme_names(flight.requested_schemes)


async def _show_own(
    prober: Prober,
    facts: VisitFacts,
    certificate: OwnCertificate | None,
    offer: HandshakeOffer,
    without: Handshake | None,
) -> OwnAttempt | None:
    """Whether the server accepts the user's certificate that the offer presents."""
    if certificate is None:
        return None
    seen = facts.own_handshakes.get(offer.version)
    handshake = seen if seen is not None and seen.offer == offer else await prober.handshake(offer)
    return OwnAttempt(
        identity=certificate.name,
        sha256=certificate.sha256,
        not_after=certificate.not_after,
        is_accepted=_judge(handshake, without),
        evidence=_evidence(handshake),
    )


def _forgeries(authorities: tuple[bytes, ...]) -> Iterator[tuple[ForgedCertificate, bytes]]:
    yield ForgedCertificate.SELF_SIGNED, b""
    if authorities:
        yield ForgedCertificate.IMPOSTOR, authorities[0]


def _verifies(attempts: tuple[ClientAttempt, ...]) -> Verdict:
    verdicts = {attempt.is_accepted for attempt in attempts}
    if Verdict.YES in verdicts:
        return Verdict.NO
    return Verdict.YES if verdicts == {Verdict.NO} else Verdict.UNKNOWN


def _judge(handshake: Handshake, without: Handshake | None) -> Verdict:
    """Whether the forged certificate was accepted; ``without`` is the same handshake without a certificate."""
    if handshake.end is HandshakeEnd.REFUSED:
        return Verdict.NO
    if handshake.end is not HandshakeEnd.ACCEPTED:
        return Verdict.UNKNOWN
    if without is None:
        return Verdict.YES
    if handshake.post_handshake is HandshakeEnd.REFUSED and http_status(without.reply) is not None:
        return Verdict.NO
    if HandshakeEnd.REFUSED in {without.end, without.post_handshake}:
        return _judge_reply(handshake.reply)
    return _judge_replies(handshake.reply, without.reply)


def _judge_reply(reply: bytes) -> Verdict:
    """Judges by HTTP, for a client that is refused earlier if it has no certificate."""
    status = http_status(reply)
    if status is None:
        return Verdict.UNKNOWN
    return Verdict.NO if status in REFUSALS else Verdict.YES


def _judge_replies(reply: bytes, reply_without: bytes) -> Verdict:
    """Judges by HTTP: a refusal that a client without a certificate does not get, or gets in other words."""
    status, status_without = http_status(reply), http_status(reply_without)
    if status is None or status_without is None:
        return Verdict.UNKNOWN
    if status not in REFUSALS:
        return Verdict.YES
    is_for_the_certificate = status != status_without or _body(reply) != _body(reply_without)
    return Verdict.NO if is_for_the_certificate else Verdict.UNKNOWN


def _body(reply: bytes) -> bytes:
    return reply.partition(b"\r\n\r\n")[2]


def _evidence(handshake: Handshake) -> Evidence:
    status = http_status(handshake.reply)
    said = f"; HTTP status {status}" if status is not None else ""
    return handshake.evidence(f"{handshake.note}{said}")
