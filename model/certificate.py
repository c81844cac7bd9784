"""Certificates as served: each certificate's facts, and each distinct chain (a Deployment)."""

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
    REVOKED = "revoked"
    UNPARSABLE = "unparsable"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """One X.509 certificate as it was sent (RFC 5280).

    Names are RFC 4514 strings. A certificate that does not parse has ``parse_error`` and
    whatever could be read of it. ``der`` is the raw certificate; it is kept by the store
    under ``sha256`` and is no part of the Observation's JSON.
    """

    sha256: str
    der: bytes | None = field(default=None, repr=False, compare=False)
    subject: str | None = None
    issuer: str | None = None
    serial_number: str | None = None
    dns_names: tuple[str, ...] = ()
    ip_addresses: tuple[str, ...] = ()
    not_before: datetime | None = None
    not_after: datetime | None = None
    key_type: KeyType = KeyType.OTHER
    key_bits: int | None = None
    signature_algorithm: str | None = None
    parse_error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustVerdict:
    """Whether a chain verifies against one trust store, and why not."""

    verdict: Verdict
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One distinct chain that an endpoint serves, leaf first as sent.

    ``served_with_server_name`` says whether the target's server name was sent when it came.
    """

    key_type: KeyType
    chain: tuple[Certificate, ...]
    versions: tuple[ProtocolVersion, ...]
    served_with_server_name: bool
    problems: tuple[Problem, ...]
    trust: Mapping[str, TrustVerdict]
    hostname_matches: Verdict

    @property
    def leaf(self) -> Certificate:
        """The server's own certificate."""
        return self.chain[0]
