"""The facts that a policy's rule judges, by the rule's name or identifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from policy.catalogue import rule_of
from policy.rule import Family

_FACTS: Final[Mapping[Family, tuple[str, ...]]] = {
    Family.REACH: ("state",),
    Family.PROTOCOLS: ("protocols",),
    Family.CIPHER_SUITES: ("cipher_suites",),
    Family.GROUPS: ("groups",),
    Family.SIGNATURE_SCHEMES: ("signature_schemes",),
    Family.DH: ("dh",),
    Family.CERTIFICATES: ("certificates.chain", "certificates.problems"),
    Family.TRUST: ("certificates.trust", "certificates.hostname_matches", "certificates.names"),
    Family.REVOCATION: ("certificates.revoked", "features.ocsp_stapling"),
    Family.TRANSPARENCY: ("certificates.transparency", "certificates.scts"),
    Family.CLIENT_AUTHENTICATION: ("client_auth",),
    Family.PLAINTEXT: ("plaintext",),
    Family.HTTPS: ("http", "plaintext.answers_in_plaintext"),
    Family.FEATURES: ("features",),
    Family.VULNERABILITIES: ("vulnerabilities",),
    Family.POST_QUANTUM: ("groups", "features.post_quantum_handshake"),
    Family.GRADE: ("protocols", "cipher_suites", "groups"),
    Family.DRIFT: ("protocols", "certificates.leaf"),
    Family.SSH: ("ssh",),
    Family.QUIC: ("quic", "http.http3"),
    Family.IKE: ("ike",),
    Family.DNS: (
        "features.service_binding",
        "features.ech_key_accepted",
        "features.ech_retry_configs",
    ),
}


def facts_of_rule(name: str) -> tuple[str, ...]:
    """The paths of the facts; empty if there is no such rule."""
    rule = rule_of(name) or rule_of(name.lower()) or rule_of(name.upper())
    return () if rule is None else _FACTS[rule.family]
