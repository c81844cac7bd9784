"""Does an HTTP path ask for the client certificate that the handshake did not ask for?

Once an HTTP request for the path has come, the server begins another handshake (up to TLS 1.2) or sends a
post-handshake CertificateRequest (TLS 1.3; RFC 9846, section 4.7.2). Asked only if the user names such a
path.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from model.observation import ClientAuth, ClientAuthMode
from model.protocol_version import ProtocolVersion
from probe.checks.client_auth.client_auth import authority_names
from probe.checks.prober import Prober, side_by_side
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.handshake import Handshake, HandshakeEnd, HandshakeOffer, PostHandshakeAction
from probe.web.status_line import http_status

REFUSALS: Final = frozenset({400, 401, 403, 495, 496})
"""Status codes that refuse a client because of its certificate; nginx uses 495 and 496 for it internally."""


async def check_post_handshake_auth(prober: Prober, facts: VisitFacts) -> None:
    """Completes ``client_auth`` of the versions whose handshake does not ask for a certificate."""
    path = facts.inputs.client_auth_path
    if path is None:
        return
    silent = [
        version
        for version, found in facts.client_auth.items()
        if found.mode is ClientAuthMode.NONE and version is not ProtocolVersion.SSLV3
    ]
    await side_by_side(*(_check_at(prober, facts, version, path) for version in silent))


async def _check_at(prober: Prober, facts: VisitFacts, version: ProtocolVersion, path: str) -> None:
    usual = replace(facts.http_handshake(version), user_agent=facts.inputs.user_agent)
    found = _asked(await prober.handshake(on_path(usual, path)), path)
    if found is not None:
        facts.client_auth[version] = found


def on_path(offer: HandshakeOffer, path: str) -> HandshakeOffer:
    """The offer with a request for ``path``, which also accepts what the server then asks for."""
    return replace(
        offer, post_handshake=PostHandshakeAction.HTTP, path=path, is_open_to_requests=True
    )


def _asked(handshake: Handshake, path: str) -> ClientAuth | None:
    """None if the server does not ask for a certificate on this path either."""
    if not handshake.certificate_requested:
        return None
    status = http_status(handshake.reply)
    said = f"HTTP status {status}" if status is not None else "no HTTP answer"
    return ClientAuth(
        mode=_mode(handshake, status),
        asked_on_path=path,
        ca_names=authority_names(handshake.certificate_authorities),
        evidence=handshake.evidence(
            f"requested on {path} after the handshake; {said}; {handshake.note}"
        ),
    )


def _mode(handshake: Handshake, status: int | None) -> ClientAuthMode:
    ends = {handshake.end, handshake.post_handshake}
    if HandshakeEnd.REFUSED in ends or status in REFUSALS:
        return ClientAuthMode.REQUIRED
    return ClientAuthMode.UNKNOWN if status is None else ClientAuthMode.REQUESTED
