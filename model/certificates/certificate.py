"""Certificates as served: the facts of each certificate, and each distinct chain (a ServedChain)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from enum import StrEnum

from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict


class KeyType(StrEnum):
    """The type of a certificate's public key."""

    RSA = "rsa"
    RSA_PSS = "rsa-pss"
    ECDSA = "ecdsa"
    DSA = "dsa"
    ED25519 = "ed25519"
    ED448 = "ed448"
    MLDSA = "mldsa"
    OTHER = "other"


class NameAsked(StrEnum):
    """The server name that a client sent when it got a chain."""

    OWN = "own"
    """The target's own server name, or no name if the target has none."""
    NO_NAME = "no_name"
    """No server name, although the target has one."""
    UNKNOWN_NAME = "unknown_name"
    """A name that cannot belong to the server."""


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
    """How thoroughly a CA verified the subject (CA/Browser Forum, 7.1.6.1 and EV 9.3)."""

    DOMAIN = "dv"
    ORGANIZATION = "ov"
    INDIVIDUAL = "iv"
    EXTENDED = "ev"


@frozen
class Certificate:
    """One X.509 certificate as it was sent (RFC 5280).

    Names are RFC 4514 strings. A certificate that does not parse has ``parse_error`` and all fields that could
    be read. ``der`` is the raw certificate; the store saves it under ``sha256``, and the Observation's JSON
    omits it. ``public_key_sha256`` is the hash of the SubjectPublicKeyInfo. ``key_usage`` holds the bit names of
    RFC 5280; ``extended_key_usage`` and ``policies`` hold names where known, otherwise dotted identifiers. Both
    usages are None if the certificate does not limit them. ``is_self_signed`` is whether the certificate names
    its own subject and its own key as issuer. ``is_ca`` is None without basicConstraints. ``embedded_scts``
    counts the embedded signed certificate timestamps (RFC 6962, 3.3).
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
    """Path errors that only a verifier can find; all other errors are Problems of the chain."""

    PURPOSE = "purpose"
    """A certificate of the path is not valid for TLS servers (RFC 5280, sections 4.2.1.3 and 4.2.1.12)."""
    NAME_CONSTRAINT = "name_constraint"
    """A CA of the path may not issue for the name (RFC 5280, section 4.2.1.10)."""


@frozen
class TrustVerdict:
    """Whether a chain verifies against one trust store, and why not.

    ``reason`` is one sentence on why not, and ``failure`` names an error that only a verifier finds.

    ``verdict`` is the result of OpenSSL, which is as lenient as most clients. ``strict`` is the result of a
    verifier that enforces the Web PKI profile (cryptography's), with its own reason. ``path_not_after`` is when
    the best path expires, that is when its first certificate expires; of several paths the one that lasts
    longest is the best. It is None without a path.
    """

    verdict: Verdict
    reason: str | None = None
    failure: TrustFailure | None = None
    path_not_after: datetime | None = None
    strict: Verdict = Verdict.UNKNOWN
    strict_reason: str | None = None


class RevocationMethod(StrEnum):
    """The source of a certificate's revocation status."""

    STAPLE = "staple"
    """An OCSP response that the server stapled (RFC 6066, section 8)."""
    OCSP = "ocsp"
    """An OCSP response from the CA's responder (RFC 6960)."""
    CRL = "crl"
    """A CRL that the issuer publishes (RFC 5280, section 5)."""


@frozen
class Revocation:
    """What one source says about one certificate of the chain, by its ``position`` (0 is the leaf).

    ``is_revoked`` is unknown if the source could not be fetched or not be verified; ``reason`` then says why in
    one sentence. Otherwise ``reason`` is the CA's reason code, if any. ``source`` is the URL, None for a staple.
    ``this_update`` and ``next_update`` bound the validity of the response.
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
    """How a signed certificate timestamp was delivered (RFC 6962, section 3.3)."""

    CERTIFICATE = "certificate"
    TLS = "tls"
    OCSP = "ocsp"


@frozen
class Sct:
    """One signed certificate timestamp; ``log_id`` is hex.

    ``log_name`` and ``operator`` are set if the log list contains the log. ``is_valid`` is whether the
    signature verifies, unknown without the log's key; ``reason`` says why it is not yes.
    """

    source: SctSource
    log_id: str
    at: datetime | None = None
    log_name: str | None = None
    operator: str | None = None
    is_valid: Verdict = Verdict.UNKNOWN
    reason: str | None = None


@frozen
class Judgement:
    """Whether something complies with a policy; if not, ``reason`` says why in one sentence."""

    verdict: Verdict
    reason: str | None = None


@frozen
class Completion:
    """How an incomplete chain verifies for a client that fetches missing issuers.

    ``issuers`` are the fetched ones, lowest first; ``trust`` is each store's verdict with them; ``reason`` says
    why no more were found, if the search did not finish.
    """

    issuers: tuple[Certificate, ...]
    trust: Mapping[str, TrustVerdict] = field(hash=False)
    reason: str | None = None


@frozen
class ServedChain:
    """One distinct chain that an endpoint serves, leaf first as sent.

    ``served_with_server_name`` is whether the target's server name was sent when the chain arrived.
    ``names`` are the requests that returned it; without OWN among them, the target's clients never get the chain
    and its host name is not checked.
    ``dns`` has the verdicts of the records ``caa`` and ``tlsa`` if they were looked up.
    ``completion`` is set if issuers were missing and were searched for.
    ``transparency`` has the verdicts of ``chrome`` and ``apple`` on its ``scts`` if a log list is available.
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
        """Whether the target's own clients get this chain."""
        return NameAsked.OWN in self.names

    @property
    def leaf(self) -> Certificate:
        """The server's own certificate."""
        return self.chain[0]

    def is_surplus(self, position: int, at: datetime) -> bool:
        """Whether the certificate at ``position`` has expired at the aware time ``at``, though a store trusted the
        chain then: clients verify the chain without it."""
        end = self.chain[position].not_after
        is_trusted = any(found.verdict is Verdict.YES for found in self.trust.values())
        return position > 0 and is_trusted and end is not None and end < at
