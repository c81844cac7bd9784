"""Names of suites, groups and versions in Go's crypto/tls, for servers written in Go.

Go's suites of TLS 1.3 are fixed: a program cannot exclude one of them.
"""

from __future__ import annotations

from typing import Final

from model.protocol_version import ProtocolVersion
from policy.remediation.demands import Demands

VERSIONS: Final = {
    ProtocolVersion.TLSV1_0: "VersionTLS10",
    ProtocolVersion.TLSV1_1: "VersionTLS11",
    ProtocolVersion.TLSV1_2: "VersionTLS12",
    ProtocolVersion.TLSV1_3: "VersionTLS13",
}
CURVES: Final = {
    "x25519": "X25519",
    "secp256r1": "CurveP256",
    "secp384r1": "CurveP384",
    "secp521r1": "CurveP521",
    "X25519MLKEM768": "X25519MLKEM768",
}
_SUITES: Final = frozenset(
    f"TLS_ECDHE_{key}_WITH_{cipher}"
    for key in ("ECDSA", "RSA")
    for cipher in (
        "AES_128_GCM_SHA256",
        "AES_256_GCM_SHA384",
        "CHACHA20_POLY1305_SHA256",
        "AES_128_CBC_SHA256",
        "AES_128_CBC_SHA",
        "AES_256_CBC_SHA",
    )
) | {
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
}


def go_suites(demands: Demands) -> list[str]:
    """The allowed suites below TLS 1.3 that Go has, by IANA's names, which Go uses too."""
    return [name for name in demands.suites if name in _SUITES]


def go_curves(demands: Demands) -> list[str]:
    """The allowed groups by the names of Go's constants."""
    return [CURVES[name] for name in demands.groups if name in CURVES]
