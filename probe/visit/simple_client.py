"""A simple client as programs have it: the newest common version, one handshake.

It shows which version, suite and chain such a client gets. It sends the offers of Go, as other monitoring
programs do (blackbox_exporter, ssl_exporter), so that a server chooses the same for us.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from model.protocol_version import ProtocolVersion
from probe.dialogue.handshake import (
    Handshake,
    HandshakeEnd,
    HandshakeOffer,
    PostHandshakeAction,
    Presented,
)
from probe.transport import ProbeTransport

GO_SIGNATURE_SCHEMES: Final = (
    "rsa_pss_rsae_sha256",
    "ecdsa_secp256r1_sha256",
    "ed25519",
    "rsa_pss_rsae_sha384",
    "rsa_pss_rsae_sha512",
    "rsa_pkcs1_sha256",
    "rsa_pkcs1_sha384",
    "rsa_pkcs1_sha512",
    "ecdsa_secp384r1_sha384",
    "ecdsa_secp521r1_sha512",
    "rsa_pkcs1_sha1",
    "ecdsa_sha1",
)
GO_CIPHER_SUITES: Final = (
    0xC02F, 0xC02B, 0xC030, 0xC02C, 0xCCA8, 0xCCA9, 0xC013, 0xC009, 0xC014, 0xC00A,
    0x009C, 0x009D, 0x002F, 0x0035,
)  # fmt: skip
"""Go's suites up to TLS 1.2, in its order of preference, without those that our library no longer has."""

_FINISHED: Final = {HandshakeEnd.ACCEPTED, HandshakeEnd.REFUSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainClient:
    """A client that speaks ``versions``. ``path`` is the path of its HTTP request, with ``user_agent``; None
    sends no request."""

    versions: tuple[ProtocolVersion, ...] = (
        ProtocolVersion.TLSV1_3,
        ProtocolVersion.TLSV1_2,
        ProtocolVersion.TLSV1_1,
        ProtocolVersion.TLSV1_0,
    )
    path: str | None = None
    user_agent: str = ""
    shows_certificate: bool = False

    async def greet(self, transport: ProbeTransport, server_name: str | None) -> Handshake | None:
        """The handshake at the newest version that the server has, or the last attempt; None if no version applies."""
        handshake = None
        for version in sorted(self.versions, reverse=True):
            handshake = await transport.handshake(self._offer(version, server_name))
            if handshake.certificates:
                break
        return handshake

    def _offer(self, version: ProtocolVersion, server_name: str | None) -> HandshakeOffer:
        return HandshakeOffer(
            version=version,
            server_name=server_name,
            signature_schemes=GO_SIGNATURE_SCHEMES if version >= ProtocolVersion.TLSV1_2 else (),
            cipher_suites=GO_CIPHER_SUITES if version < ProtocolVersion.TLSV1_3 else (),
            post_handshake=PostHandshakeAction.NOTHING
            if self.path is None
            else PostHandshakeAction.HTTP,
            presents=Presented.OWN if self.shows_certificate else Presented.NOTHING,
            path=self.path or "/",
            user_agent=self.user_agent if self.path else "",
        )


def is_connected(handshake: Handshake) -> bool:
    """Whether the client's side finished; at TLS 1.3 that is before the server may refuse it."""
    if handshake.end is HandshakeEnd.ACCEPTED:
        return True
    is_tls13 = handshake.offer.version is ProtocolVersion.TLSV1_3
    return is_tls13 and handshake.end in _FINISHED and bool(handshake.certificates)
