"""The catalogue of rules. Adding one takes one function and one ``Rule`` in its family's module, and its test.

An identifier never changes and is never reused, so that waivers and dashboards survive a renamed rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from policy.rule import AnyRule
from policy.rules.endpoint.drift import DRIFT_RULES
from policy.rules.endpoint.grade import GRADE_RULES
from policy.rules.endpoint.https import HTTPS_RULES
from policy.rules.endpoint.plaintext import PLAINTEXT_RULES
from policy.rules.endpoint.quic import QUIC_RULES
from policy.rules.endpoint.reach import REACHED
from policy.rules.endpoint.service_bindings import SERVICE_BINDING_RULES
from policy.rules.handshake.cipher_suite_order import CIPHER_SUITE_ORDER_RULES
from policy.rules.handshake.cipher_suites import CIPHER_SUITE_RULES
from policy.rules.handshake.dh import DH_RULES
from policy.rules.handshake.features import FEATURE_RULES
from policy.rules.handshake.groups import GROUP_RULES
from policy.rules.handshake.ike import IKE_RULES
from policy.rules.handshake.post_quantum import POST_QUANTUM_RULES
from policy.rules.handshake.protocols import PROTOCOL_RULES
from policy.rules.handshake.secrecy import SECRECY_RULES
from policy.rules.handshake.signature_schemes import SIGNATURE_RULES
from policy.rules.handshake.ssh_algorithms import SSH_ALGORITHM_RULES
from policy.rules.handshake.vulnerabilities import VULNERABILITY_RULES
from policy.rules.identity.certificates import CERTIFICATE_RULES
from policy.rules.identity.client_auth import CLIENT_AUTH_RULES
from policy.rules.identity.revocation import REVOCATION_RULES
from policy.rules.identity.ssh_host_keys import SSH_HOST_KEY_RULES
from policy.rules.identity.transparency import TRANSPARENCY_RULES
from policy.rules.identity.trust import TRUST_RULES

RULES: Final[tuple[AnyRule, ...]] = (
    REACHED,
    *PROTOCOL_RULES,
    *CIPHER_SUITE_RULES,
    *CIPHER_SUITE_ORDER_RULES,
    *GROUP_RULES,
    *SIGNATURE_RULES,
    *DH_RULES,
    *CERTIFICATE_RULES,
    *TRUST_RULES,
    *REVOCATION_RULES,
    *TRANSPARENCY_RULES,
    *CLIENT_AUTH_RULES,
    *PLAINTEXT_RULES,
    *HTTPS_RULES,
    *FEATURE_RULES,
    *VULNERABILITY_RULES,
    *POST_QUANTUM_RULES,
    *SECRECY_RULES,
    *GRADE_RULES,
    *DRIFT_RULES,
    *SSH_ALGORITHM_RULES,
    *SSH_HOST_KEY_RULES,
    *QUIC_RULES,
    *IKE_RULES,
    *SERVICE_BINDING_RULES,
)

RULES_BY_NAME: Final[Mapping[str, AnyRule]] = MappingProxyType({rule.name: rule for rule in RULES})

_RULES_BY_IDENTIFIER: Final = {rule.identifier: rule for rule in RULES}


def rule_of(text: str) -> AnyRule | None:
    """The rule with that name or identifier; None if there is none."""
    return RULES_BY_NAME.get(text) or _RULES_BY_IDENTIFIER.get(text)
