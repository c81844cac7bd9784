"""Certificates as served: each certificate's facts, and each distinct chain (a ServedChain)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from model.protocol_version import ProtocolVersion
from model.verdict import Verdict


class KeyType(StrEnum):
    """The kind of a certificate's public key."""

    RSA = "rsa"
    RSA_PSS = "rsa-pss"
    ECDSA = "ecdsa"
    DSA = "dsa"
    ED25519 = "ed25519"
    ED448 = "ed448"
    MLDSA = "mldsa"
    OTHER = "other"


class NameAsked(StrEnum):
    """By which name a client asked for a chain."""

    OWN = "own"
    """As the target is asked: its server name, or none where it has none."""
    NO_NAME = "no_name"
    """Without one, though the target has one."""
    UNKNOWN_NAME = "unknown_name"
    """A name that cannot be the server's."""


class Problem(StrEnum):
    """What is wrong with a served chain."""

    EXPIRED = "expired"
    NOT_YET_VALID = "not_yet_valid"
    SELF_SIGNED = "self_signed"
    INCOMPLETE = "incomplete"
    MISORDERED = "misordered"
    SURPLUS = "surplus"
    CONTAINS_ROOT = "contains_root"
    UNKNOWN_CA = "unknown_ca"
    HOSTNAME_MISMATCH = "hostname_mismatch"
    WEAK_KEY = "weak_key"
    WEAK_SIGNATURE = "weak_signature"
    LIFETIME_TOO_LONG = "lifetime_too_long"
    INTERNAL_NAME = "internal_name"
    REVOKED = "revoked"
    STAPLE_MISSING = "staple_missing"
    UNPARSABLE = "unparsable"
    OTHER = "other"


class Validation(StrEnum):
    """How far a CA looked into whom it certifies (CA/Browser Forum, 7.1.6.1 and EV 9.3)."""

    DOMAIN = "dv"
    ORGANIZATION = "ov"
    INDIVIDUAL = "iv"
    EXTENDED = "ev"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One X.509 certificate as it was sent (RFC 5280).

    Names are RFC 4514 strings. A certificate that does not parse has ``parse_error`` and
    whatever could be read of it. ``der`` is the raw certificate; it is kept by the store
    under ``sha256`` and is no part of the Observation's JSON. ``public_key_sha256`` is over the
    SubjectPublicKeyInfo. ``key_usage`` holds RFC 5280's names of the bits, ``extended_key_usage`` and
    ``policies`` names where they are known and dotted identifiers else; both usages are None where
    the certificate does not limit them. ``is_self_signed`` is whether it names itself, and its own key, as
    its issuer. ``is_ca`` is None without basicConstraints. ``embedded_scts``
    counts the signed certificate timestamps inside (RFC 6962, 3.3).
    """

    sha256: str
    der: bytes | None = field(default=None, repr=False, compare=False)
    subject: str | None = None
    issuer: str | None = None
    serial_number: str | None = None
    dns_names: tuple[str, ...] = ()
    ip_addresses: tuple[str, ...] = ()
    uris: tuple[str, ...] = ()
    email_addresses: tuple[str, ...] = ()
    not_before: datetime | None = None
    not_after: datetime | None = None
    key_type: KeyType = KeyType.OTHER
    key_bits: int | None = None
    public_key_sha256: str | None = None
    signature_algorithm: str | None = None
    key_usage: tuple[str, ...] | None = None
    extended_key_usage: tuple[str, ...] | None = None
    is_ca: bool | None = None
    path_length: int | None = None
    policies: tuple[str, ...] = ()
    validation: Validation | None = None
    crl_urls: tuple[str, ...] = ()
    ocsp_urls: tuple[str, ...] = ()
    issuer_urls: tuple[str, ...] = ()
    is_self_signed: bool = False
    must_staple: bool = False
    embedded_scts: int = 0
    parse_error: str | None = None


class TrustFailure(StrEnum):
    """What a verifier alone finds wrong with a path; all else is a Problem of the chain."""

    PURPOSE = "purpose"
    """A certificate of the path is not for TLS servers (RFC 5280, sections 4.2.1.3 and 4.2.1.12)."""
    NAME_CONSTRAINT = "name_constraint"
    """A CA of the path may not issue for the name (RFC 5280, section 4.2.1.10)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustVerdict:
    """Whether a chain verifies against one trust store, and why not.

    ``reason`` says in one sentence why not, and ``failure`` names what only the verifier finds.

    ``verdict`` is OpenSSL's, which is as lenient as most clients are. ``strict`` is that of a verifier
    that keeps to the Web PKI's profile (cryptography's), with its own reason. ``path_not_after`` is
    when the first certificate of the best path ends, the one that ends last where there are several;
    None without a path.
    """

    verdict: Verdict
    reason: str | None = None
    failure: TrustFailure | None = None
    path_not_after: datetime | None = None
    strict: Verdict = Verdict.UNKNOWN
    strict_reason: str | None = None


class RevocationMethod(StrEnum):
    """Where word on a certificate's revocation came from."""

    STAPLE = "staple"
    """An OCSP response that the server sent itself (RFC 6066, section 8)."""
    OCSP = "ocsp"
    """An OCSP response that was asked for (RFC 6960)."""
    CRL = "crl"
    """A list that the issuer publishes (RFC 5280, section 5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation:
    """What one source says of one certificate of the chain, by its ``position`` (0 is the leaf).

    ``is_revoked`` is unknown where the source could not be had or not be believed; ``reason`` then
    says why in one sentence, and else gives the CA's reason where there is one. ``source`` is the
    URL asked, None for a staple. ``this_update`` and ``next_update`` bound the word's validity.
    """

    position: int
    method: RevocationMethod
    is_revoked: Verdict
    reason: str | None = None
    revoked_at: datetime | None = None
    this_update: datetime | None = None
    next_update: datetime | None = None
    source: str | None = None


class SctSource(StrEnum):
    """By which way a signed certificate timestamp came (RFC 6962, section 3.3)."""

    CERTIFICATE = "certificate"
    TLS = "tls"
    OCSP = "ocsp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sct:
    """One signed certificate timestamp; ``log_id`` is hex.

    ``log_name`` and ``operator`` are there where the log list has the log. ``is_valid`` is whether
    its signature holds, unknown without the log's key; ``reason`` says why it is not yes.
    """

    source: SctSource
    log_id: str
    at: datetime | None = None
    log_name: str | None = None
    operator: str | None = None
    is_valid: Verdict = Verdict.UNKNOWN
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Whether something is as a policy wants it, and in one sentence why not."""

    verdict: Verdict
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What becomes of an incomplete chain for a client that fetches the issuers it lacks.

    ``issuers`` are those that were found, lowest first; ``trust`` is each store's verdict with
    them; ``reason`` is why no more were found, where the way did not come to its end.
    """

    issuers: tuple[Certificate, ...]
    trust: Mapping[str, TrustVerdict] = field(hash=False)
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedChain:
    """One distinct chain that an endpoint serves, leaf first as sent.

    ``served_with_server_name`` says whether the target's server name was sent when it came.
    ``names`` are those that it was served for; where OWN is not among them, it is no client's of the
    target, and its host name is not judged.
    ``dns`` has the verdicts of the records ``caa`` and ``tlsa``, where they were looked up.
    ``completion`` is there where issuers were missing and looked for.
    ``transparency`` has the verdicts of ``chrome`` and ``apple`` on its ``scts``, where a list of
    logs is at hand.
    """

    key_type: KeyType
    chain: tuple[Certificate, ...]
    versions: tuple[ProtocolVersion, ...]
    served_with_server_name: bool
    problems: tuple[Problem, ...]
    trust: Mapping[str, TrustVerdict] = field(hash=False)
    hostname_matches: Verdict
    revocations: tuple[Revocation, ...] = ()
    scts: tuple[Sct, ...] = ()
    transparency: Mapping[str, Judgement] = field(default_factory=dict, hash=False)
    completion: Completion | None = None
    names: tuple[NameAsked, ...] = (NameAsked.OWN,)
    dns: Mapping[str, Judgement] = field(default_factory=dict, hash=False)

    @property
    def is_own(self) -> bool:
        """Whether a client that asks as the target's do gets it."""
        return NameAsked.OWN in self.names

    @property
    def leaf(self) -> Certificate:
        """The server's own certificate."""
        return self.chain[0]
