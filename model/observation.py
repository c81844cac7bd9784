"""The Observation: all facts about one endpoint from one visit; immutable.

Its JSON form is ``docs/reference/observation.schema.json``, written by ``model.encoding.observation_json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NoReturn

from model.application_protocol import IKE, SSH
from model.certificates.certificate import ServedChain
from model.encoding.earlier_names import renamed
from model.frozen import frozen
from model.intrusiveness import Intrusiveness
from model.protocol_version import ProtocolVersion
from model.target import Endpoint
from model.verdict import Evidence, Fact, Preference, UnknownCause, Verdict

SCHEMA_NUMBER = 1


class Mode(StrEnum):
    """How thorough a visit was."""

    ENUMERATE = "enumerate"
    VERIFY = "verify"


class State(StrEnum):
    """How an endpoint answered the visit as a whole."""

    TLS = "tls"
    """At least one protocol version was proved."""
    SSH = "ssh"
    """The target is an SSH server, and its list of algorithms (KEXINIT) came."""
    IKE = "ike"
    """The target is an IKE responder, and answered a question in IKE."""
    PLAINTEXT = "plaintext"
    """The service answered a hello in its own protocol, without TLS."""
    NOT_TLS = "not_tls"
    """The answer was neither TLS nor a known plaintext protocol, or the peer closed the connection."""
    REFUSED = "refused"
    """TCP was refused or reset at once, or every hello was refused with an alert."""
    UNREACHABLE = "unreachable"
    """No TCP connection could be made."""
    TIMEOUT = "timeout"
    """Connected, but no complete answer arrived in time."""
    DNS_ERROR = "dns_error"
    """The name did not resolve."""
    DENIED = "denied"
    """The configuration forbids the connection (``deny``, ``egress``), or the protocol answers no probe (WireGuard);
    nothing was sent."""
    ERROR = "error"
    """An internal error of tlsprobe."""


ANSWERED: Final = frozenset({State.TLS, State.SSH, State.IKE})
"""The states of endpoints that proved the encryption that their targets are to have."""

NOT_ASKED: Final = frozenset({State.DENIED, State.ERROR})
"""The states of visits that say nothing about the endpoint."""


class ClientAuthMode(StrEnum):
    """What a server requires of client certificates."""

    NONE = "none"
    REQUESTED = "requested"
    REQUIRED = "required"
    UNKNOWN = "unknown"


@frozen
class AcceptedSet:
    """The cipher suites or named groups that one protocol version accepts.

    ``accepted`` holds names in the server's order of preference if it has one, else in registry order.
    ``complete`` is true only if ``refusal`` proves that nothing else is accepted. ``evidence`` proves each
    accepted name. ``cause`` is why a list is not complete, if neither the server nor the visit is at fault.
    """

    accepted: tuple[str, ...]
    complete: bool
    preference: Preference
    cause: UnknownCause | None = None
    evidence: Mapping[str, Evidence] = field(default_factory=dict, hash=False)
    refusal: Evidence | None = None


class ForgedCertificate(StrEnum):
    """A client certificate that no server should accept."""

    SELF_SIGNED = "self_signed"
    IMPOSTOR = "impostor"
    """It names one of the server's CAs as its issuer, but another key signed it."""


@frozen
class ClientAttempt:
    """The server's reaction to a forged certificate: yes is accepted, no is refused."""

    forged: ForgedCertificate
    is_accepted: Verdict
    evidence: Evidence | None = None


@frozen
class OwnAttempt:
    """The server's reaction to the user's own client certificate, by the name the user gave it."""

    identity: str
    sha256: str
    not_after: datetime
    is_accepted: Verdict
    evidence: Evidence | None = None


@frozen
class ClientAuth:
    """Whether one protocol version requires a client certificate.

    ``verifies`` is yes if self-made certificates are refused and no if one is accepted, according to
    ``attempts``; None if that was not asked. ``ca_names`` are the authorities in the CertificateRequest
    (RFC 4514); ``certificate_types`` (up to TLS 1.2) and ``signature_schemes`` (from TLS 1.2 on) are the
    registry names that it lists. ``asked_on_path`` is set if the handshake requests no certificate but the HTTP
    request for this path does. ``own`` is the result for the user's certificate, ``expired`` that for an expired
    one, if the user configured them.
    """

    mode: ClientAuthMode
    asked_on_path: str | None = None
    verifies: Verdict | None = None
    ca_names: tuple[str, ...] = ()
    certificate_types: tuple[str, ...] = ()
    signature_schemes: tuple[str, ...] = ()
    attempts: tuple[ClientAttempt, ...] = ()
    own: OwnAttempt | None = None
    expired: OwnAttempt | None = None
    evidence: Evidence | None = None


@frozen
class DhParameters:
    """One finite-field group that the server uses for DHE up to TLS 1.2.

    ``known_as`` is its name if many servers share it. ``is_safe_prime`` is whether (p-1)/2 is also prime.
    """

    prime_bits: int
    prime_sha256: str
    known_as: str | None
    is_safe_prime: Verdict
    versions: tuple[ProtocolVersion, ...]
    evidence: Evidence | None = None


@frozen
class Contradiction:
    """Two answers to the same question that cannot both come from one server's configuration.

    ``subject`` describes the question in words; several backends behind one address answer like this.
    """

    subject: str
    answers: tuple[Evidence, ...]


@frozen
class Cost:
    """What a visit cost the endpoint.

    ``connections`` counts every TCP connection, and every question over DTLS; ``bytes_*`` count all of them.
    ``cut_short`` is whether the visit's time or budget ended before everything was asked.
    """

    duration_seconds: float = 0.0
    connections: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    throttled: bool = False
    cut_short: bool = False


@frozen
class Observation:
    """Everything that one visit found out about one endpoint.

    ``reason`` is one sentence if the endpoint did not answer or facts stayed unknown. Facts that were not asked
    about are absent. ``alpn`` are the accepted protocol ids. ``plaintext`` has, by name, what the same service
    does without TLS, ``ssh`` what an SSH server offers and proves, ``quic`` what the server's QUIC side accepts,
    ``ike`` what an IKE responder accepts, ``http`` what its HTTP responses say about HTTPS. ``not_asked`` names the facts that are
    absent because the visit was not intrusive enough, each with the level that it needs.
    """

    tool_version: str
    mode: Mode
    endpoint: Endpoint
    started_at: datetime
    cost: Cost
    state: State
    reason: str | None = None
    protocols: Mapping[ProtocolVersion, Fact] = field(default_factory=dict)
    cipher_suites: Mapping[ProtocolVersion, AcceptedSet] = field(default_factory=dict)
    groups: Mapping[ProtocolVersion, AcceptedSet] = field(default_factory=dict)
    certificates: tuple[ServedChain, ...] = ()
    client_auth: Mapping[ProtocolVersion, ClientAuth] = field(default_factory=dict)
    dh: tuple[DhParameters, ...] = ()
    signature_schemes: Mapping[ProtocolVersion, AcceptedSet] = field(default_factory=dict)
    alpn: tuple[str, ...] = ()
    features: Mapping[str, Fact] = field(default_factory=dict)
    vulnerabilities: Mapping[str, Fact] = field(default_factory=dict)
    plaintext: Mapping[str, Fact] = field(default_factory=dict)
    http: Mapping[str, Fact] = field(default_factory=dict)
    fingerprints: Mapping[str, str] = field(default_factory=dict)
    contradictions: tuple[Contradiction, ...] = ()
    not_asked: Mapping[str, Intrusiveness] = field(default_factory=dict)
    ssh: Mapping[str, Fact] = field(default_factory=dict)
    quic: Mapping[str, Fact] = field(default_factory=dict)
    ike: Mapping[str, Fact] = field(default_factory=dict)

    @property
    def ended_at(self) -> datetime:
        """When the visit ended."""
        return self.started_at + timedelta(seconds=self.cost.duration_seconds)

    @property
    def own_certificates(self) -> tuple[ServedChain, ...]:
        """The chains that the target's clients get, without those for other names."""
        return tuple(one for one in self.certificates if one.is_own)

    @property
    def application_protocol(self) -> str:
        """The protocol that the visit detected, or else the one that the target names."""
        detected = self.plaintext.get("application_protocol")
        return (detected and detected.value) or self.endpoint.target.protocol

    @property
    def answered(self) -> bool:
        """Whether the endpoint proved that it speaks TLS, or SSH or IKE if that is its target's protocol."""
        return self.state in ANSWERED

    @property
    def answered_as_tls(self) -> NoReturn:
        """The earlier name of ``answered``; raises AttributeError with the new one."""
        raise AttributeError(renamed("answered_as_tls", "answered"))

    @property
    def is_ssh(self) -> bool:
        """Whether the target is an SSH server: everything known about it is in ``ssh``."""
        return self.endpoint.target.protocol == SSH or self.state is State.SSH

    @property
    def is_ike(self) -> bool:
        """Whether the target is an IKE responder: everything known about it is in ``ike``."""
        return self.endpoint.target.protocol == IKE or self.state is State.IKE
