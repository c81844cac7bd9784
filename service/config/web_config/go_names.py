"""Go's names of cipher suites, curves and versions, as web configurations of Prometheus' exporters contain them."""

from __future__ import annotations

from typing import Final

from model.registry import cipher_suite_by_name

GO_GROUPS: Final = {
    "X25519MLKEM768": "X25519MLKEM768",
    "X25519": "X25519",
    "CurveP256": "P-256",
    "CurveP384": "P-384",
    "CurveP521": "P-521",
}
"""OpenSSL's name of each group."""

_GO_SUITES: Final = (
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
)
"""What Go's ``tls.CipherSuites`` returns: the suites without known weaknesses."""

USUAL_SUITES: Final = tuple(name for name in _GO_SUITES if "_GCM_" in name or "_CHACHA20_" in name)
"""The suites of a file that names none: those with authenticated encryption."""


def check_suites(names: tuple[str, ...]) -> tuple[str, ...]:
    """Check that Go has each suite; raises ValueError."""
    for name in names:
        if name not in _GO_SUITES:
            raise ValueError(f"unknown cipher suite {name!r}: use some of {', '.join(_GO_SUITES)}")
    return names


def check_groups(names: tuple[str, ...]) -> tuple[str, ...]:
    """Check that Go has each curve; raises ValueError."""
    for name in names:
        if name not in GO_GROUPS:
            raise ValueError(f"unknown curve {name!r}: use some of {', '.join(GO_GROUPS)}")
    return names


def openssl_suites_below_tls13(names: tuple[str, ...]) -> str:
    """OpenSSL's cipher list of the suites for TLS 1.2; empty if there are none.

    The list does not choose suites of TLS 1.3, as in Go.
    """
    found = (cipher_suite_by_name(name) for name in names if "_WITH_" in name)
    return ":".join(suite.openssl_name for suite in found if suite is not None)
