"""The facts of a visit so far. Each check writes into its own fields.

The facts start with the inputs only. At the end ``engine`` turns them into an Observation: each field with
the name of a section of ``model.sections`` becomes that section.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from model.application_protocol import HTTP_1_1
from model.certificates.certificate import NameAsked
from model.frozen import frozen
from model.intrusiveness import Intrusiveness
from model.observation import AcceptedSet, ClientAuth, Contradiction, DhParameters
from model.protocol_version import ProtocolVersion
from model.registry import named_group_name
from model.sections import NAMED_FACTS, SECTION_NAMES
from model.verdict import Fact, Verdict
from probe.checks.part import Part
from probe.checks.visit_inputs import VisitInputs
from probe.dialogue.answer import ConnectFailure
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import Handshake, HandshakeEnd, HandshakeOffer, Presented
from probe.dialogue.offer import TLS13_GROUPS, Shape

if TYPE_CHECKING:
    from probe.checks.ike.answers import IkeReply
    from probe.crypto.ssh.exchange import SshAnswer


@frozen
class RawChain:
    """One distinct chain as DER, leaf first, with the names for which it was served.

    ``versions`` are the versions at which it was served for the first of the ``names``.
    """

    chain: tuple[bytes, ...]
    versions: tuple[ProtocolVersion, ...]
    served_with_server_name: bool
    names: tuple[NameAsked, ...]


@frozen
class Stapled:
    """What came with one leaf (DER): an OCSP response and a list of SCTs, as sent."""

    leaf: bytes
    ocsp_response: bytes | None
    sct_list: bytes | None


@dataclass(slots=True, kw_only=True)
class VisitFacts:
    """The facts of one visit, by protocol version. ``inputs`` is what was known before the visit. ``riding_parts``
    are the parts of the visit whose questions may ride on the hellos of others (``probe.checks.riding.riders``).

    ``own_handshakes`` are those that presented the user's client certificate. ``not_asked`` names the facts
    that stay absent because of the visit's level of intrusiveness.
    ``sslv2_lists_no_kind`` is true if SSL 2.0's SERVER-HELLO came and lists no cipher kind. ``unread_chains``
    states for a version why its chain could not be read although there is one. ``failing_groups`` are those
    that the server asks for by HelloRetryRequest and then cannot use. ``spoken`` holds the exchange that
    proved each accepted version. Further questions are derived from its Offer, whose shape this server
    answers at that version. ``ssh_answers`` are those of an SSH server, in the order of the questions, and ``ike_replies``
    those of an IKE responder.
    """

    inputs: VisitInputs
    riding_parts: frozenset[Part] = frozenset()
    spoken: dict[ProtocolVersion, Exchange] = field(default_factory=dict)
    protocols: dict[ProtocolVersion, Fact] = field(default_factory=dict)
    cipher_suites: dict[ProtocolVersion, AcceptedSet] = field(default_factory=dict)
    groups: dict[ProtocolVersion, AcceptedSet] = field(default_factory=dict)
    handshakes: list[Handshake] = field(default_factory=list)
    failing_groups: set[int] = field(default_factory=set)
    sslv2_certificate: bytes | None = None
    sslv2_lists_no_kind: bool = False
    chains: tuple[RawChain, ...] = ()
    unread_chains: dict[ProtocolVersion, str] = field(default_factory=dict)
    stapled: list[Stapled] = field(default_factory=list)
    client_auth: dict[ProtocolVersion, ClientAuth] = field(default_factory=dict)
    own_handshakes: dict[ProtocolVersion, Handshake] = field(default_factory=dict)
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
    ssh: dict[str, Fact] = field(default_factory=dict)
    quic: dict[str, Fact] = field(default_factory=dict)
    ssh_answers: list[SshAnswer | ConnectFailure] = field(default_factory=list)
    ike: dict[str, Fact] = field(default_factory=dict)
    ike_replies: list[IkeReply] = field(default_factory=list)

    def sections(self) -> dict[str, Any]:
        """The values of the Observation's sections by their names, without those judged after the visit.

        These are the fields with the name of a section of ``model.sections``.
        """
        names = (one.name for one in fields(self))
        return {name: getattr(self, name) for name in names if name in SECTION_NAMES}

    def leave_unasked(self, names: Iterable[str], level: Intrusiveness) -> None:
        """Records which facts would be asked at ``level``; facts that are already known are not among them."""
        found = self.sections()
        known = {name for section in NAMED_FACTS for name in found[section.name]}
        self.not_asked |= {name: level for name in names if name not in known}

    @property
    def answers_in_plaintext(self) -> bool:
        """Whether a plaintext session was proved."""
        session = self.plaintext.get("answers_in_plaintext")
        return session is not None and session.verdict is Verdict.YES

    @property
    def speaks_any(self) -> bool:
        """Whether any version of TLS or SSL was proved."""
        return any(fact.verdict is Verdict.YES for fact in self.protocols.values())

    def first_handshake_at(self, version: ProtocolVersion) -> Handshake | None:
        """The first full handshake at ``version``, if one was tried."""
        return next((one for one in self.handshakes if one.offer.version is version), None)

    def handshakes_for(self, server_name: str | None) -> list[Handshake]:
        """The handshakes that showed a certificate for that name."""
        return [
            one
            for one in self.handshakes
            if one.offer.server_name == server_name and one.certificates
        ]

    def shape_at(self, version: ProtocolVersion) -> Shape:
        """The shape of hello that this server answers at an accepted version."""
        return self.spoken[version].offer.shape

    def usual_handshake(self, version: ProtocolVersion) -> HandshakeOffer:
        """The full handshake at an accepted version from which others are derived.

        It presents the user's client certificate if the server accepts that.
        """
        groups: tuple[str, ...] = ()
        if self.failing_groups and version is ProtocolVersion.TLSV1_3:
            working = (group for group in TLS13_GROUPS if group not in self.failing_groups)
            groups = tuple(map(named_group_name, working))
        shape = self.shape_at(version)
        own = self.own_handshakes.get(version)
        is_own_accepted = own is not None and own.end is HandshakeEnd.ACCEPTED
        return HandshakeOffer(
            version=version,
            server_name=shape.server_name,
            alpn_protocols=shape.alpn_protocols,
            groups=groups,
            presents=Presented.OWN if is_own_accepted else Presented.NOTHING,
        )

    def http_handshake(self, version: ProtocolVersion) -> HandshakeOffer:
        """The same for a request of HTTP/1.1."""
        usual = self.usual_handshake(version)
        return replace(usual, alpn_protocols=(HTTP_1_1,) if usual.alpn_protocols else ())
