"""What AWS says of protocol versions and cipher suites, as rules of the policy catalogue."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from model.claims import ClaimedRule
from model.protocol_version import ProtocolVersion
from model.registry import CIPHER_SUITES


def claimed(rule: str, **parameters: Any) -> ClaimedRule:
    """A rule of the catalogue with these parameters."""
    return ClaimedRule(rule=rule, parameters=parameters)


POST_QUANTUM_GROUPS: Final = ("X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024")
"""AWS's policies with ``PQ`` in their name prefer these."""

MUTUAL_TLS: Final = (
    claimed("client_certificate_required"),
    claimed("client_certificate_verified"),
)
NO_PLAINTEXT: Final = (claimed("no_plaintext", redirect=False),)
STARTTLS_ENFORCED: Final = (claimed("starttls_enforced"),)

_VERSIONS: Final = {
    "SSLv3": ProtocolVersion.SSLV3,
    "TLSv1": ProtocolVersion.TLSV1_0,
    "TLSv1.0": ProtocolVersion.TLSV1_0,
    "TLSv1.1": ProtocolVersion.TLSV1_1,
    "TLSv1.2": ProtocolVersion.TLSV1_2,
    "TLSv1.3": ProtocolVersion.TLSV1_3,
}
_SUITES: Final = {
    name: suite.name for suite in CIPHER_SUITES for name in (suite.name, suite.openssl_name) if name
}


def known_version(name: str) -> ProtocolVersion | None:
    """The version that AWS calls so."""
    return _VERSIONS.get(name)


def offers(versions: Iterable[ProtocolVersion]) -> tuple[ClaimedRule, ...]:
    """These versions are offered, all of them and no other."""
    labels = [version.label for version in sorted(set(versions))]
    return (
        claimed("protocol_versions", allowed=labels),
        claimed("protocol_versions_required", versions=labels),
    )


def since(version: ProtocolVersion) -> tuple[ProtocolVersion, ...]:
    """This version and all later ones of those that AWS offers."""
    return tuple(one for one in sorted(set(_VERSIONS.values())) if one >= version)


def at_least(version: ProtocolVersion) -> tuple[ClaimedRule, ...]:
    """No version before this one is offered."""
    allowed = [one.label for one in since(version)]
    return (claimed("protocol_versions", allowed=allowed),)


def speaks_tls() -> tuple[ClaimedRule, ...]:
    """TLS of any version is spoken: a service that answers in plaintext contradicts it."""
    return at_least(min(_VERSIONS.values()))


def only_suites(names: Iterable[str]) -> tuple[ClaimedRule, ...]:
    """No other suites are accepted; nothing is claimed if one of the names is unknown here."""
    known = [_SUITES.get(name, "") for name in names]
    if not known or not all(known):
        return ()
    return (claimed("cipher_suites", allowed=sorted(set(known))),)


def post_quantum(policy: str) -> tuple[ClaimedRule, ...]:
    """A policy with ``PQ`` in its name accepts a post-quantum group."""
    if "PQ" not in policy.replace("_", "-").split("-"):
        return ()
    return (claimed("groups_required", any_of=list(POST_QUANTUM_GROUPS)),)


def in_time() -> tuple[ClaimedRule, ...]:
    """What is served has so much time left as it has if renewals work: ACM begins 45 days before the end, or earlier."""
    return (claimed("certificate_expiry", days=30),)
