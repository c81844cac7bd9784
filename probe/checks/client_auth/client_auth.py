"""Does the server ask for a client certificate, and does it require one?

Up to TLS 1.2 the CertificateRequest is in plaintext; at TLS 1.3 a full handshake shows it. A server that asks
and lets a client without a certificate finish the handshake only requests one; a server that then refuses the
client requires one. A server may decide by the HTTP request inside TLS (nginx answers HTTP 400): at the TLS
level, such a certificate is requested.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from model.observation import ClientAuth, ClientAuthMode
from model.protocol_version import ProtocolVersion
from model.registry import signature_scheme_name
from pki.certificates import name_text
from probe.checks.certificates.served_chains import finish_handshake
from probe.checks.confirmed_handshake import ask_again, may_be_accidental
from probe.checks.prober import Prober, side_by_side
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.answer import ServerFlight
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import Handshake, HandshakeEnd, PostHandshakeAction
from probe.tls.messages import CertificateRequest

_MOST_NAMES: Final = 1000
"""More authorities than any honest list has; public lists have about 150."""

_MOST_SCHEMES: Final = 100
_CERTIFICATE_TYPES: Final = {
    1: "rsa_sign",
    2: "dss_sign",
    3: "rsa_fixed_dh",
    4: "dss_fixed_dh",
    64: "ecdsa_sign",
    65: "rsa_fixed_ecdh",
    66: "ecdsa_fixed_ecdh",
}
"""IANA TLS ClientCertificateType Identifiers."""

_MODES = {
    HandshakeEnd.ACCEPTED: ClientAuthMode.REQUESTED,
    HandshakeEnd.REFUSED: ClientAuthMode.REQUIRED,
    HandshakeEnd.DECLINED: ClientAuthMode.UNKNOWN,
    HandshakeEnd.UNFINISHED: ClientAuthMode.UNKNOWN,
    HandshakeEnd.OPENED: ClientAuthMode.UNKNOWN,
}

_LATE_ENOUGH = frozenset({HandshakeEnd.ACCEPTED, HandshakeEnd.OPENED})
"""How a handshake ended late enough that a CertificateRequest would have been seen."""


async def check_client_auth(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``client_auth`` for every accepted version."""
    await side_by_side(*(_check_at(prober, facts, version) for version in facts.spoken))


async def _check_at(prober: Prober, facts: VisitFacts, version: ProtocolVersion) -> None:
    if version is ProtocolVersion.TLSV1_3:
        facts.client_auth[version] = _by_handshake(await _ask_at_tls13(prober, facts))
        return
    asking, silent = _flights(prober.exchanges, version)
    if asking is None:
        facts.client_auth[version] = _not_asked(silent)
        return
    handshake = await _confirmed(prober, await finish_handshake(prober, facts, version))
    facts.client_auth[version] = ClientAuth(
        mode=_MODES[handshake.end],
        ca_names=authority_names(_request_authorities(asking)),
        certificate_types=_types(_request(asking)),
        signature_schemes=scheme_names(_request(asking).signature_algorithms),
        evidence=asking.evidence(f"CertificateRequest in plaintext; {handshake.note}"),
    )


async def _confirmed(prober: Prober, first: Handshake) -> Handshake:
    """The handshake; unfinished if the server only closed, and did not do so again between two controls."""
    if first.end is not HandshakeEnd.REFUSED or not may_be_accidental(first):
        return first
    again = await ask_again(prober, first)
    return again or replace(first, end=HandshakeEnd.UNFINISHED)


def requested_authorities(
    prober: Prober, facts: VisitFacts, version: ProtocolVersion
) -> tuple[bytes, ...]:
    """The names (DER) in the CertificateRequest at ``version``."""
    if version is ProtocolVersion.TLSV1_3:
        handshake = facts.first_handshake_at(version)
        return handshake.certificate_authorities if handshake else ()
    asking, _ = _flights(prober.exchanges, version)
    return _request_authorities(asking) if asking else ()


def _flights(
    exchanges: Sequence[Exchange], version: ProtocolVersion
) -> tuple[Exchange | None, Exchange | None]:
    """The first flight with a CertificateRequest, and the first complete one without.

    If there are flights with certificates, only these count: anonymous and PSK suites may not ask for a
    client certificate (RFC 5246, section 7.4.4).
    """
    asking = silent = None
    for exchange in exchanges:
        if exchange.version is not version or not isinstance(exchange.answer, ServerFlight):
            continue
        if exchange.answer.certificate_request is not None:
            asking = asking or exchange
        elif exchange.answer.is_complete and (silent is None or not _has_certificates(silent)):
            silent = exchange
    return asking, silent


def _has_certificates(exchange: Exchange) -> bool:
    return isinstance(exchange.answer, ServerFlight) and bool(exchange.answer.certificates)


def _not_asked(silent: Exchange | None) -> ClientAuth:
    if silent is None:
        return ClientAuth(mode=ClientAuthMode.UNKNOWN)
    note = "ServerHelloDone without a CertificateRequest before it"
    return ClientAuth(mode=ClientAuthMode.NONE, evidence=silent.evidence(note))


async def _ask_at_tls13(prober: Prober, facts: VisitFacts) -> Handshake | None:
    """The handshake that showed the chain. If its end was lost, one more handshake that only reads after it
    has finished."""
    seen = facts.first_handshake_at(ProtocolVersion.TLSV1_3)
    if seen is None or not seen.certificate_requested or seen.end is not HandshakeEnd.UNFINISHED:
        return seen
    again = await prober.handshake(replace(seen.offer, post_handshake=PostHandshakeAction.LISTEN))
    return again if again.end is not HandshakeEnd.UNFINISHED else seen


def _by_handshake(handshake: Handshake | None) -> ClientAuth:
    if handshake is None:
        return ClientAuth(mode=ClientAuthMode.UNKNOWN)
    mode = _MODES[handshake.end]
    if not handshake.certificate_requested and handshake.end in _LATE_ENOUGH:
        mode = ClientAuthMode.NONE
    return ClientAuth(
        mode=mode,
        ca_names=authority_names(handshake.certificate_authorities),
        evidence=handshake.evidence(),
    )


def _request_authorities(asking: Exchange) -> tuple[bytes, ...]:
    return _request(asking).certificate_authorities


def _request(asking: Exchange) -> CertificateRequest:
    """The CertificateRequest of the flight; an empty one if the flight has none."""
    answer = asking.answer
    if isinstance(answer, ServerFlight) and answer.certificate_request is not None:
        return answer.certificate_request
    return CertificateRequest(
        certificate_types=(), signature_algorithms=(), certificate_authorities=()
    )


def _types(request: CertificateRequest) -> tuple[str, ...]:
    return tuple(_CERTIFICATE_TYPES.get(one, str(one)) for one in request.certificate_types)


def scheme_names(code_points: tuple[int, ...]) -> tuple[str, ...]:
    """Registry names, up to the number that an honest list has."""
    return tuple(signature_scheme_name(one) for one in code_points[:_MOST_SCHEMES])


def authority_names(authorities: tuple[bytes, ...]) -> tuple[str, ...]:
    """The names (DER) in RFC 4514 form, up to the number that an honest list has."""
    return tuple(name_text(der) for der in authorities[:_MOST_NAMES])
