"""The IANA TLS registries as typed tables: cipher suites, groups, signature schemes, alerts.

Each table is a CSV file in ``data/``, read once; ``data/SOURCES.md`` lists the sources.
Unknown code points are values too: every ``*_name`` function returns ``0xABCD`` for them.
"""

from model.registry.cipher_suites import (
    AES_GCM_SUITES,
    CHACHA20_SUITES,
    CIPHER_SUITES,
    CipherSuite,
    Strength,
    cipher_suite_by_code_point,
    cipher_suite_by_name,
    cipher_suite_name,
    cipher_suites_for,
)
from model.registry.code_points import ALPN_PROTOCOLS, alert_name, extension_name
from model.registry.dh_primes import KNOWN_PRIMES, KnownPrime, known_prime
from model.registry.named_groups import (
    NAMED_GROUPS,
    NamedGroup,
    named_group_code_point,
    named_group_name,
)
from model.registry.signature_schemes import (
    SIGNATURE_SCHEMES,
    SignatureScheme,
    signature_scheme_code_point,
    signature_scheme_name,
)
from model.registry.sslv2 import SSLV2_CIPHER_KINDS, Sslv2CipherKind, strength_by_name

__all__ = [
    "AES_GCM_SUITES",
    "ALPN_PROTOCOLS",
    "CHACHA20_SUITES",
    "CIPHER_SUITES",
    "KNOWN_PRIMES",
    "NAMED_GROUPS",
    "SIGNATURE_SCHEMES",
    "SSLV2_CIPHER_KINDS",
    "CipherSuite",
    "KnownPrime",
    "NamedGroup",
    "SignatureScheme",
    "Sslv2CipherKind",
    "Strength",
    "alert_name",
    "cipher_suite_by_code_point",
    "cipher_suite_by_name",
    "cipher_suite_name",
    "cipher_suites_for",
    "extension_name",
    "known_prime",
    "named_group_code_point",
    "named_group_name",
    "signature_scheme_code_point",
    "signature_scheme_name",
    "strength_by_name",
]
