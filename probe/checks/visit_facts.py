"""What a visit has learned so far: checks write into it, one field each.

It begins with the server name alone; ``engine`` turns it into an Observation at the end: what is called as a
section of ``model.sections`` goes into that section.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Final

from model.certificates.certificate import NameAsked
from model.intrusiveness import Intrusiveness
from model.observation import AcceptedSet, ClientAuth, Contradiction, DhParameters
from model.protocol_version import ProtocolVersion
from model.sections import NAMED_FACTS, SECTION_NAMES
from model.verdict import Fact, Verdict
from probe.dialogue.before_tls.injection import Injection
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Scripted
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import Handshake
from probe.dialogue.offer import Shape
from probe.web.site import WebSite

ASKED_VERSIONS: Final = (
    ProtocolVersion.SSLV3,
    ProtocolVersion.TLSV1_0,
    ProtocolVersion.TLSV1_1,
    ProtocolVersion.TLSV1_2,
    ProtocolVersion.TLSV1_3,
)
"""Over TCP; SSL 2.0 is asked about in its own way."""

DATAGRAM_VERSIONS: Final = (ProtocolVersion.TLSV1_1, ProtocolVersion.TLSV1_2)
"""Those that DTLS 1.0 and 1.2 are made of, by which they are asked about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawChain:
    """One distinct chain as DER, leaf first, and for which names it was served.

    ``versions`` are those at which it was, for the first of the ``names``.
    """

    chain: tuple[bytes, ...]
    versions: tuple[ProtocolVersion, ...]
    served_with_server_name: bool
    names: tuple[NameAsked, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stapled:
    """What came beside one leaf (DER): an OCSP response, and a list of SCTs, as they were sent."""

    leaf: bytes
    ocsp_response: bytes | None
    sct_list: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnCertificate:
    """What is told of the user's client certificate for this endpoint."""

    name: str
    sha256: str
    not_after: datetime


@dataclass(slots=True, kw_only=True)
class VisitFacts:
    """The facts of one visit, by protocol version.

    ``host`` is the name or address by which the target was named, ``client_auth_path`` an HTTP path
    that may ask for a client certificate where the handshake does not. ``user_agent`` is how we name
    ourselves in HTTP requests. ``asked_versions`` rise.
    ``looks_in_clear`` makes the Dialogue that looks at the server without TLS; ``begins_in_clear`` is
    whether words come before it. ``web`` is where its web server would be; None where there can be none.

    ``not_asked`` names the facts that stay absent because of the visit's level of intrusiveness.
    ``sslv2_lists_no_kind`` is whether SSL 2.0's SERVER-HELLO came and lists no cipher kind.
    ``unread_chains`` says of a version why its chain could not be read, though there is one.
    ``spoken`` holds the exchange that proved each accepted version: its Offer, in a shape that
    this server answers at that version, is what further questions are derived from.
    """

    server_name: str | None
    web: WebSite | None = None
    looks_in_clear: Callable[[], Scripted[PlaintextFindings]] | None = None
    begins_in_clear: bool = False
    injection: Injection | None = None
    host: str | None = None
    own_certificate: OwnCertificate | None = None
    expired_certificate: OwnCertificate | None = None
    client_auth_path: str | None = None
    user_agent: str = ""
    asked_versions: tuple[ProtocolVersion, ...] = ASKED_VERSIONS
    spoken: dict[ProtocolVersion, Exchange] = field(default_factory=dict)
    protocols: dict[ProtocolVersion, Fact] = field(default_factory=dict)
    cipher_suites: dict[ProtocolVersion, AcceptedSet] = field(default_factory=dict)
    groups: dict[ProtocolVersion, AcceptedSet] = field(default_factory=dict)
    handshakes: list[Handshake] = field(default_factory=list)
    sslv2_certificate: bytes | None = None
    sslv2_lists_no_kind: bool = False
    chains: tuple[RawChain, ...] = ()
    unread_chains: dict[ProtocolVersion, str] = field(default_factory=dict)
    stapled: list[Stapled] = field(default_factory=list)
    client_auth: dict[ProtocolVersion, ClientAuth] = field(default_factory=dict)
    dh: tuple[DhParameters, ...] = ()
    signature_schemes: dict[ProtocolVersion, AcceptedSet] = field(default_factory=dict)
    alpn: tuple[str, ...] = ()
    features: dict[str, Fact] = field(default_factory=dict)
    vulnerabilities: dict[str, Fact] = field(default_factory=dict)
    plaintext: dict[str, Fact] = field(default_factory=dict)
    http: dict[str, Fact] = field(default_factory=dict)
    fingerprints: dict[str, str] = field(default_factory=dict)
    contradictions: tuple[Contradiction, ...] = ()
    not_asked: dict[str, Intrusiveness] = field(default_factory=dict)

    def sections(self) -> dict[str, Any]:
        """The values of the Observation's sections by their names, but for what is judged after the visit.

        These are the fields that are called as a section of ``model.sections``.
        """
        names = (one.name for one in fields(self))
        return {name: getattr(self, name) for name in names if name in SECTION_NAMES}

    def leave_unasked(self, names: Iterable[str], level: Intrusiveness) -> None:
        """Note which facts would be asked at ``level``; those that are known anyway are not among them."""
        found = self.sections()
        known = {name for section in NAMED_FACTS for name in found[section.name]}
        self.not_asked |= {name: level for name in names if name not in known}

    @property
    def answers_in_clear(self) -> bool:
        """Whether a session without TLS was proved."""
        session = self.plaintext.get("answers_in_clear")
        return session is not None and session.verdict is Verdict.YES

    @property
    def speaks_any(self) -> bool:
        """Whether any version of TLS or SSL was proved."""
        return any(fact.verdict is Verdict.YES for fact in self.protocols.values())

    def first_handshake_at(self, version: ProtocolVersion) -> Handshake | None:
        """The first full handshake at ``version``, if one was tried."""
        return next((one for one in self.handshakes if one.offer.version is version), None)

    def handshakes_for(self, server_name: str | None) -> list[Handshake]:
        """Those that showed a certificate for that name."""
        return [
            one
            for one in self.handshakes
            if one.offer.server_name == server_name and one.certificates
        ]

    def shape_at(self, version: ProtocolVersion) -> Shape:
        """The shape of hello that this server answers at an accepted version."""
        return self.spoken[version].offer.shape
