"""Does a server that asks for client certificates verify them?

The check presents certificates that no authority issued: one signed by itself, and one that claims an
authority named by the server but is signed by another key. ``acceptance.py`` finds out whether the server
accepts them. If the user has a certificate for the target, the server must accept it, and must refuse one
that has expired.
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
from model.verdict import Verdict
from probe.checks.client_auth.acceptance import Question, present
from probe.checks.client_auth.client_auth import requested_authorities, scheme_names
from probe.checks.client_auth.late_mode import settle_mode
from probe.checks.client_auth.own_certificate import ASKING
from probe.checks.client_auth.post_handshake_auth import on_path
from probe.checks.prober import Prober, side_by_side
from probe.checks.tls13_flights import read_tls13_flight
from probe.checks.visit_facts import VisitFacts
from probe.checks.visit_inputs import OwnCertificate
from probe.dialogue.answer import ConnectFailure
from probe.dialogue.handshake import HandshakeOffer, PostHandshakeAction, Presented

VERIFICATION: Final = ("client_auth.verifies", "client_auth.own", "client_auth.expired")
"""What this check fills, as an Observation names it if it was not asked."""

_PRESENTED: Final = {
    ForgedCertificate.SELF_SIGNED: Presented.SELF_SIGNED,
    ForgedCertificate.IMPOSTOR: Presented.IMPOSTOR,
}


async def check_client_verification(prober: Prober, facts: VisitFacts) -> None:
    """Completes ``client_auth`` of every version that asks for a certificate."""
    await side_by_side(*(_verify_at(prober, facts, version) for version in facts.client_auth))


async def _verify_at(prober: Prober, facts: VisitFacts, version: ProtocolVersion) -> None:
    if facts.client_auth[version].mode is ClientAuthMode.UNKNOWN:
        await settle_mode(prober, facts, version, _asking(facts, version))
    if facts.client_auth[version].mode in ASKING:
        facts.client_auth[version] = await _show_certificates(prober, facts, version)


async def _show_certificates(
    prober: Prober, facts: VisitFacts, version: ProtocolVersion
) -> ClientAuth:
    auth = facts.client_auth[version]
    question = await _question(prober, facts, version)
    forged = {
        kind: replace(question.asking, presents=_PRESENTED[kind], claimed_issuer=issuer)
        for kind, issuer in _forgeries(requested_authorities(prober, facts, version))
    }
    attempts = await _show_forged(prober, forged, question)
    certificates = {
        Presented.OWN: facts.inputs.own_certificate,
        Presented.EXPIRED: facts.inputs.expired_certificate,
    }
    own, expired = await side_by_side(
        *(
            _show_own(prober, certificate, presented, question)
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


async def _question(prober: Prober, facts: VisitFacts, version: ProtocolVersion) -> Question:
    """What to ask after each handshake, and how a client without a certificate fares, if one is served."""
    auth, application = facts.client_auth[version], facts.inputs.application
    asking, command = _asking(facts, version), None
    if auth.asked_on_path is not None:
        asking = on_path(asking, auth.asked_on_path)
    elif asking.post_handshake is PostHandshakeAction.COMMAND:
        command = application.first_command
    is_optional = auth.mode is ClientAuthMode.REQUESTED or auth.asked_on_path is not None
    without = await prober.handshake(asking) if is_optional else None
    made = facts.own_handshakes.values()
    return Question(asking=asking, command=command, without=without, made_before=made)


def _asking(facts: VisitFacts, version: ProtocolVersion) -> HandshakeOffer:
    """A command of the protocol if there is one, else HTTP; nothing in a protocol that is neither."""
    application = facts.inputs.application
    usual = replace(facts.usual_handshake(version), presents=Presented.NOTHING)
    if application.first_command is not None:
        words = application.first_command.words
        return replace(usual, post_handshake=PostHandshakeAction.COMMAND, words=words)
    if application.begins_in_plaintext:
        return replace(usual, post_handshake=PostHandshakeAction.LISTEN)
    return replace(
        facts.http_handshake(version),
        presents=Presented.NOTHING,
        post_handshake=PostHandshakeAction.HTTP,
        user_agent=facts.inputs.user_agent,
    )


async def _show_forged(
    prober: Prober, forged: Mapping[ForgedCertificate, HandshakeOffer], question: Question
) -> tuple[ClientAttempt, ...]:
    """Whether each forged certificate is accepted, in their order."""
    found = await side_by_side(*(present(prober, offer, question) for offer in forged.values()))
    return tuple(
        ClientAttempt(forged=kind, is_accepted=one.verdict, evidence=one.evidence)
        for kind, one in zip(forged, found, strict=True)
    )


async def _ask_schemes_at_tls13(prober: Prober, facts: VisitFacts) -> tuple[str, ...]:
    """The schemes in the encrypted CertificateRequest (RFC 9846, section 4.3.2)."""
    flight = await read_tls13_flight(prober, facts)
    if flight is None or isinstance(flight, ConnectFailure):
        return ()
    return scheme_names(flight.requested_schemes)


async def _show_own(
    prober: Prober,
    certificate: OwnCertificate | None,
    presented: Presented,
    question: Question,
) -> OwnAttempt | None:
    """Whether the server accepts this certificate of the user; None without one."""
    if certificate is None:
        return None
    found = await present(prober, replace(question.asking, presents=presented), question)
    return OwnAttempt(
        identity=certificate.name,
        sha256=certificate.sha256,
        not_after=certificate.not_after,
        is_accepted=found.verdict,
        evidence=found.evidence,
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
