"""Every cipher suite of the IANA registry and the historic private ones, with its strength.

The table has each suite's strength class and the rule behind it; ``docs/explanation/strength.md`` describes the rules.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Final

from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from model.registry.table import code_point_name, read_table


class Strength(StrEnum):
    """How strong a cipher suite is, weakest first."""

    INSECURE = "insecure"
    WEAK = "weak"
    LEGACY = "legacy"
    SECURE = "secure"
    RECOMMENDED = "recommended"


_WEAKNESSES: Final = {
    "I2-null-encryption": "no encryption",
    "I3-anonymous": "the server is not authenticated",
    "I4-export": "export keys of 40 or 56 bits",
    "I5-broken-cipher": "broken cipher",
    "I6-md5-mac": "integrity by MD5",
    "W1-64-bit-block": "64-bit blocks",
    "W2-rsa-key-transport": "no forward secrecy (RSA key exchange)",
    "W3-static-dh": "no forward secrecy (static Diffie-Hellman)",
    "W4-obsolete-auth": "obsolete authentication",
    "W5-ffdhe-tls12-rfc10015": "finite-field Diffie-Hellman below TLS 1.3",
    "W6-no-forward-secrecy": "no forward secrecy",
    "L1-cbc-or-non-aead": "CBC mode, no authenticated encryption",
    "L2-short-tag": "short authentication tag",
    "L3-uncommon-cipher": "uncommon cipher",
    "L4-withdrawn-draft": "withdrawn draft",
    "L4-withdrawn-experiment": "withdrawn experiment",
    "R1": "",
    "A1-aead-fs-not-iana-recommended": "",
}
"""By the rules of ``docs/explanation/strength.md``."""


@frozen
class CipherSuite:
    """One row of the registry. ``strength_rule`` names the rule that determined ``strength``."""

    code_point: int
    name: str
    openssl_name: str
    min_version: ProtocolVersion
    max_version: ProtocolVersion
    key_exchange: str
    authentication: str
    encryption: str
    encryption_bits: int
    mode: str
    mac: str
    forward_secrecy: bool
    aead: bool
    export: bool
    strength: Strength
    strength_rule: str

    @property
    def weakness(self) -> str:
        """Why ``strength`` is no better, in a few words; empty if nothing is known against the suite."""
        reason = _WEAKNESSES.get(self.strength_rule, "")
        if not reason or self.forward_secrecy or "forward secrecy" in reason:
            return reason
        return f"{reason}, no forward secrecy"

    @property
    def is_chacha20(self) -> bool:
        """Whether servers may prefer it for a client that lists it first."""
        return self.encryption == "CHACHA20"

    @property
    def is_aes_gcm(self) -> bool:
        """Whether a client that lists it first has AES in hardware."""
        return (self.encryption, self.mode) == ("AES", "GCM")

    @property
    def is_aes_cbc(self) -> bool:
        """Whether its records are AES in CBC mode with an HMAC."""
        return (self.encryption, self.mode) == ("AES", "CBC") and self.mac.startswith("SHA")


def _from_row(row: dict[str, str]) -> CipherSuite:
    return CipherSuite(
        code_point=int(row["code_point"], 16),
        name=row["name"],
        openssl_name=row["openssl_name"],
        min_version=ProtocolVersion.from_label(row["min_version"]),
        max_version=ProtocolVersion.from_label(row["max_version"]),
        key_exchange=row["key_exchange"],
        authentication=row["authentication"],
        encryption=row["encryption"],
        encryption_bits=int(row["encryption_bits"] or 0),
        mode=row["mode"],
        mac=row["mac"],
        forward_secrecy=row["forward_secrecy"] == "True",
        aead=row["aead"] == "True",
        export=row["export"] == "True",
        strength=Strength(row["strength"]),
        strength_rule=row["strength_rule"],
    )


CIPHER_SUITES: Final = tuple(
    _from_row(row) for row in read_table("cipher_suites") if row["strength"] != "signal"
)
"""All cipher suites in code point order, without the signalling values (SCSV)."""

CHACHA20_SUITES: Final = frozenset(suite.code_point for suite in CIPHER_SUITES if suite.is_chacha20)
AES_GCM_SUITES: Final = frozenset(suite.code_point for suite in CIPHER_SUITES if suite.is_aes_gcm)
"""The code points of these suites: an order of hundreds of suites is sorted by them for each question."""

_BY_CODE_POINT: Final = {suite.code_point: suite for suite in CIPHER_SUITES}
_BY_NAME: Final = {suite.name: suite for suite in CIPHER_SUITES}


def cipher_suite_name(code_point: int) -> str:
    """The suite's registry name, or ``0xABCD`` if it has none."""
    suite = _BY_CODE_POINT.get(code_point)
    return suite.name if suite else code_point_name(code_point)


def cipher_suite_by_code_point(code_point: int) -> CipherSuite | None:
    """The suite with that code point, or None."""
    return _BY_CODE_POINT.get(code_point)


def cipher_suite_by_name(name: str) -> CipherSuite | None:
    """The suite with that registry name, or None."""
    return _BY_NAME.get(name)


@cache
def cipher_suites_for(version: ProtocolVersion) -> tuple[CipherSuite, ...]:
    """The suites worth offering at ``version``, ChaCha20 last.

    TLS 1.3 has suites of its own (RFC 9846, appendix B.4). At older versions all other suites are offered,
    because old stacks accept some below the version that defined them (OpenSSL 1.0 accepts ECDHE at SSLv3).
    ChaCha20 comes last because several servers ignore their own order for a client that lists it first
    (OpenSSL's PrioritizeChaCha, HAProxy).
    """
    is_tls13 = version is ProtocolVersion.TLSV1_3
    fitting = (
        suite
        for suite in CIPHER_SUITES
        if (suite.min_version is ProtocolVersion.TLSV1_3) == is_tls13
    )
    return tuple(sorted(fitting, key=lambda suite: suite.is_chacha20))
