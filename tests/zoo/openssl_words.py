"""OpenSSL's own expansion of its cipher strings, by ``openssl ciphers``.

nginx and s_server are linked to the same libssl as the ``openssl`` command, so its expansion of a string is
their configuration. Which of those suites are usable depends on the server's keys (ciphers(1), Au=) and
parameters.
"""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Mapping

from model.certificates.certificate import KeyType
from model.protocol_version import ProtocolVersion
from model.verdict import Preference
from tests.zoo.choice import Choice

ENVIRONMENT = {"OPENSSL_CONF": "/dev/null"}
"""The environment of all our OpenSSL programs: a machine's openssl.cnf must not affect a configuration."""

TLS13_SUITES = (
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_GCM_SHA256",
)
"""SSL_CTX_set_ciphersuites(3): the default, in its order."""

TLS13_GROUPS = (
    "x25519",
    "secp256r1",
    "x448",
    "secp521r1",
    "secp384r1",
    "ffdhe2048",
    "ffdhe3072",
    "ffdhe4096",
    "ffdhe6144",
    "ffdhe8192",
)
"""OpenSSL 3.0's default groups (supported_groups_default in its ssl/t1_lib.c)."""

GROUP_PREFERENCE = Preference.SERVER
"""For a hello without a usable key share, OpenSSL 3.0 selects the first of its own groups that the client has
too, whatever its options (final_key_share in its ssl/statem/extensions.c)."""

_SIGNATURES = {
    KeyType.RSA: (
        "rsa_pss_rsae_sha256",
        "rsa_pss_rsae_sha384",
        "rsa_pss_rsae_sha512",
        "rsa_pkcs1_sha256",
        "rsa_pkcs1_sha384",
        "rsa_pkcs1_sha512",
        "rsa_sha224",
        "rsa_pkcs1_sha1",
    ),
    KeyType.ECDSA: (
        "ecdsa_secp256r1_sha256",
        "ecdsa_secp384r1_sha384",
        "ecdsa_secp521r1_sha512",
        "ecdsa_sha224",
        "ecdsa_sha1",
    ),
    KeyType.ED25519: ("ed25519",),
}
"""OpenSSL 3.0's default schemes (tls12_sigalgs in its ssl/t1_lib.c) by the key that they need."""

_OPTIONS = {
    ProtocolVersion.TLSV1_0: "-tls1",
    ProtocolVersion.TLSV1_1: "-tls1_1",
    ProtocolVersion.TLSV1_2: "-tls1_2",
}


def signature_schemes(cipher_string: str) -> Mapping[KeyType, tuple[str, ...]]:
    """The schemes at TLS 1.2; above security level 0, SHA-1 is too weak for all of them."""
    if "@SECLEVEL=0" in cipher_string:
        return _SIGNATURES
    return {
        key: tuple(name for name in names if not name.endswith("_sha1"))
        for key, names in _SIGNATURES.items()
    }


def suites(
    versions: tuple[ProtocolVersion, ...],
    cipher_string: str,
    *,
    authentication: frozenset[str],
    preference: Preference,
    with_dhe: bool = True,
    tls13: tuple[str, ...] = (),
) -> Mapping[ProtocolVersion, Choice]:
    """The suites that ``cipher_string`` allows at each version up to TLS 1.2, and ``tls13`` at TLS 1.3.

    ``authentication`` has the kinds of key that the server has, as in ciphers(1): RSA, ECDSA, PSK, None.
    ``with_dhe`` is whether it has Diffie-Hellman parameters.
    """
    found = {
        version: Choice.of(
            tuple(
                name
                for name, key_exchange, kind in _expand(cipher_string, _OPTIONS[version])
                if kind in authentication
                and (with_dhe or not key_exchange.startswith("DH"))
                and ("PSK" in authentication or not key_exchange.endswith("PSK"))
            ),
            preference,
        )
        for version in versions
    }
    if tls13:
        found[ProtocolVersion.TLSV1_3] = Choice.of(tls13, preference)
    return found


@functools.cache
def _expand(cipher_string: str, version_option: str) -> tuple[tuple[str, str, str], ...]:
    """Each suite's IANA name, key exchange and authentication, in OpenSSL's order."""
    listed = subprocess.run(
        ["openssl", "ciphers", "-s", "-psk", version_option, "-v", "-stdname", cipher_string],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = []
    for line in listed.splitlines():
        name, _, _, _, *columns = line.split()
        fields = dict(column.split("=", 1) for column in columns if "=" in column)
        found.append((name, fields["Kx"], fields["Au"]))
    return tuple(found)
