"""Names of suites, groups, schemes and versions in OpenSSL, for servers that pass them to OpenSSL.

Suites that OpenSSL never had are omitted. Groups that only OpenSSL 3.5 and newer have are named only if a
policy needs one, because older versions would refuse the whole list.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from model.protocol_version import ProtocolVersion
from model.registry import cipher_suite_by_name
from policy.remediation.demands import Demands

LABELS: Final = {
    ProtocolVersion.TLSV1_0: "TLSv1",
    ProtocolVersion.TLSV1_1: "TLSv1.1",
    ProtocolVersion.TLSV1_2: "TLSv1.2",
    ProtocolVersion.TLSV1_3: "TLSv1.3",
}
_GROUPS: Final = {
    "x25519": "X25519",
    "x448": "X448",
    "secp256r1": "prime256v1",
    "secp384r1": "secp384r1",
    "secp521r1": "secp521r1",
    "X25519MLKEM768": "X25519MLKEM768",
    "SecP256r1MLKEM768": "SecP256r1MLKEM768",
    "SecP384r1MLKEM1024": "SecP384r1MLKEM1024",
    "MLKEM768": "MLKEM768",
    "MLKEM1024": "MLKEM1024",
    "brainpoolP256r1": "brainpoolP256r1",
    "brainpoolP384r1": "brainpoolP384r1",
    "brainpoolP512r1": "brainpoolP512r1",
}
"""RFC 7919's groups are missing here: OpenSSL supports them from 3.0 on, and only for TLS 1.3."""

_SCHEMES: Final = frozenset(
    f"{name}_sha{bits}"
    for name in ("rsa_pss_rsae", "rsa_pss_pss", "rsa_pkcs1")
    for bits in (256, 384, 512)
) | {
    "ecdsa_secp256r1_sha256",
    "ecdsa_secp384r1_sha384",
    "ecdsa_secp521r1_sha512",
    "ed25519",
    "ed448",
}
_USUAL_TLS13: Final = frozenset(
    {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
)
_TLS13_KNOWN: Final = _USUAL_TLS13 | {"TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256"}


def cipher_list(demands: Demands) -> str:
    """The suites below TLS 1.3, separated by colons; with a lower security level if TLS 1.0 or 1.1 needs it."""
    names = [_openssl_name(name) for name in demands.suites]
    listed = ":".join(name for name in names if name)
    return f"{listed}:@SECLEVEL=0" if demands.oldest < ProtocolVersion.TLSV1_2 else listed


def ciphersuites(demands: Demands) -> str:
    """The suites of TLS 1.3, separated by colons; empty if the allowed ones are OpenSSL's three defaults."""
    names = [name for name in demands.tls13_suites if name in _TLS13_KNOWN]
    return "" if frozenset(names) == _USUAL_TLS13 else ":".join(names)


def group_list(demands: Demands, separator: str = ":") -> str:
    """The groups, preferred ones first."""
    names = demands.groups if demands.needs_post_quantum else demands.classical_groups
    return separator.join(_known_groups(names))


def group_lines(demands: Demands, setting: str, separator: str = ":") -> tuple[str, ...]:
    """``setting`` with the groups in place of ``{}``, and which to put first with OpenSSL 3.5.

    None if OpenSSL has no allowed group.
    """
    listed = group_list(demands, separator)
    if not listed:
        return ()
    newer = [name for name in demands.groups if name not in demands.classical_groups]
    hint = separator.join(_known_groups(newer))
    if demands.needs_post_quantum or not hint:
        return (setting.format(listed),)
    return setting.format(listed), f"# with OpenSSL 3.5 or newer, put {hint} first"


def scheme_lines(demands: Demands, setting: str) -> tuple[str, ...]:
    """``setting`` with the signature schemes in place of ``{}``; no line if OpenSSL has none of them."""
    listed = ":".join(name for name in demands.schemes if name in _SCHEMES)
    return (setting.format(listed),) if listed else ()


def dh_lines(demands: Demands, setting: str, file: str) -> tuple[str, ...]:
    """How to create ``file`` with DHE parameters, and ``setting`` with it; no lines without a DHE suite."""
    if not has_dhe(demands):
        return ()
    command = f"openssl genpkey -genparam -algorithm DH -pkeyopt group:{dh_group(demands)}"
    return f"# {command} -out {file}", setting.format(file)


def version_labels(demands: Demands) -> list[str]:
    """The allowed versions, oldest first."""
    return [LABELS[version] for version in demands.versions]


def has_dhe(demands: Demands) -> bool:
    """Whether an allowed suite needs DHE parameters."""
    suites = (cipher_suite_by_name(name) for name in demands.suites)
    return any(suite is not None and suite.key_exchange == "DHE" for suite in suites)


def dh_group(demands: Demands) -> str:
    """The smallest of RFC 7919's groups that is long enough."""
    sizes = (2048, 3072, 4096, 6144, 8192)
    return f"ffdhe{next((size for size in sizes if size >= demands.dh_bits), sizes[-1])}"


def _openssl_name(name: str) -> str:
    suite = cipher_suite_by_name(name)
    return suite.openssl_name if suite is not None else ""


def _known_groups(names: Iterable[str]) -> list[str]:
    return [_GROUPS[name] for name in names if name in _GROUPS]
