"""What a full handshake is asked for, and what it showed: values only.

Where TLS 1.3 encrypts the server's certificates and its CertificateRequest, and where
"requested" must be told from "required", a hello is not enough and a handshake is finished.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Fact, Verdict


class HandshakeEnd(StrEnum):
    """How far a handshake went without a client certificate."""

    ACCEPTED = "accepted"
    """Both sides finished, and the server did not object afterwards."""
    REFUSED = "refused"
    """The server objected, by alert or by closing, once it had seen our part."""
    DECLINED = "declined"
    """An alert ended it before that."""
    UNFINISHED = "unfinished"
    """It broke off before that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandshakeOffer:
    """A handshake at exactly ``version``, without a client certificate.

    ``signature_schemes`` are registry names; all that the library has where there are none.
    ``alpn_protocols`` are offered in their order, no ALPN at all where there are none.
    """

    version: ProtocolVersion
    server_name: str | None
    signature_schemes: tuple[str, ...] = ()
    alpn_protocols: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """What it showed. ``certificates`` and ``certificate_authorities`` (names) are DER.

    ``certificates`` begin with the leaf. ``note`` says in one sentence how it ended.
    ``alert`` is the description of the server's fatal one. ``alpn_protocol`` is what the server
    took. ``offered`` and ``answered`` are the first bytes of each side.
    """

    offer: HandshakeOffer
    end: HandshakeEnd
    certificates: tuple[bytes, ...] = ()
    certificate_requested: bool = False
    certificate_authorities: tuple[bytes, ...] = ()
    alpn_protocol: str | None = None
    alert: int | None = None
    offered: bytes = b""
    answered: bytes = b""
    note: str = ""

    def fact(self, verdict: Verdict, note: str | None = None, value: str | None = None) -> Fact:
        """A verdict that rests on this handshake."""
        proof = Evidence(
            offer=self.offered or None,
            answer=self.answered or None,
            note=note or self.note or None,
        )
        return Fact(verdict=verdict, evidence=proof, value=value)
