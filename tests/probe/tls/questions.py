"""The questions to the recorded servers: every kind of key exchange, on the zoo's real servers.

Each question offers one suite, and one group if the suite needs one, so that the zoo's truth determines the
answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from model.certificates.certificate import KeyType
from model.observation import ClientAuthMode
from model.protocol_version import ProtocolVersion
from tests.probe.tls.recorded import Question
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import Certificates, Identity
from tests.zoo.openssl_servers import EVERYTHING, UP_TO_TLS12, SServer
from tests.zoo.server import ZooServer

SSLV3, TLSV1_3 = ProtocolVersion.SSLV3, ProtocolVersion.TLSV1_3
TLSV1_0, TLSV1_1, TLSV1_2 = UP_TO_TLS12
RSA, ECDSA, ED25519 = KeyType.RSA, KeyType.ECDSA, KeyType.ED25519
HINT = "who are you"


def _no_identity(_: Certificates) -> tuple[Identity, ...]:
    return ()


_MORE_CONFIGURATIONS = (
    SServer(
        name="openssl-old-client-certificate-required",
        options=("-Verify", "1", "-CAfile", "{client_ca}"),
        authentication=frozenset({"RSA", "None"}),
        versions=UP_TO_TLS12,
        ciphers=EVERYTHING,
        client_auth=ClientAuthMode.REQUIRED,
    ),
    SServer(
        name="openssl-psk-hint",
        options=("-tls1_2", "-psk", "0123456789abcdef", "-psk_hint", HINT),
        identities=_no_identity,
        authentication=frozenset({"PSK"}),
        ciphers="PSK",
        tls13=(),
    ),
    SServer(
        name="openssl-rsa-psk",
        options=("-tls1_2", "-psk", "0123456789abcdef"),
        authentication=frozenset({"RSA", "PSK"}),
        ciphers="kRSAPSK",
        tls13=(),
    ),
)
"""Servers missing in the catalogue: the older form of CertificateRequest, PSK hints, RSA_PSK."""

ASKED_SERVERS: Final = (
    *SERVERS,
    *(
        ZooServer(name=item.name, start=item.start, truth=item.truth)
        for item in _MORE_CONFIGURATIONS
    ),
)


def _everything(version: ProtocolVersion) -> Iterator[Question]:
    """OpenSSL's Diffie-Hellman primes have 2048 bits with an RSA key of 2048 bits, and 1024 or 3072 in
    anonymous suites of 128 or 256 bits (ssl_get_auto_dh in OpenSSL 3.0's ssl/t1_lib.c)."""
    ask = partial(Question, server="openssl-everything-client-preference", version=version)
    cbc = "WITH_AES_128_CBC_SHA"
    yield ask(cipher_suite=f"TLS_RSA_{cbc}", key_type=RSA)
    yield ask(cipher_suite=f"TLS_DHE_RSA_{cbc}", key_type=RSA, dh_prime_bits=2048)
    yield ask(cipher_suite=f"TLS_ECDHE_RSA_{cbc}", key_type=RSA, group="secp256r1")
    yield ask(cipher_suite=f"TLS_ECDHE_ECDSA_{cbc}", key_type=ECDSA, group="secp256r1")
    yield ask(cipher_suite=f"TLS_DH_anon_{cbc}", dh_prime_bits=1024)
    yield ask(cipher_suite="TLS_DH_anon_WITH_AES_256_CBC_SHA", dh_prime_bits=3072)
    yield ask(cipher_suite=f"TLS_ECDH_anon_{cbc}", group="secp521r1")


def _node() -> Iterator[Question]:
    ask = partial(Question, server="node010-sslv3-to-tls12-everything", key_type=RSA)
    for version in (SSLV3, TLSV1_0, TLSV1_1, TLSV1_2):
        yield ask(version=version, cipher_suite="TLS_RSA_WITH_RC4_128_SHA")
    yield ask(version=TLSV1_2, cipher_suite="TLS_RSA_WITH_NULL_SHA256")
    only = Question(
        server="node010-sslv3-only",
        version=SSLV3,
        cipher_suite="TLS_RSA_WITH_3DES_EDE_CBC_SHA",
        key_type=RSA,
    )
    yield only


def _client_certificates() -> Iterator[Question]:
    old = partial(Question, server="openssl-old-client-certificate-required", key_type=RSA)
    rsa, ecdhe = "TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"
    for version in (TLSV1_0, TLSV1_1):
        yield old(version=version, cipher_suite=rsa)
        yield old(version=version, cipher_suite=ecdhe, group="secp256r1")
    for server, key_type, suite in (
        ("openssl-client-certificate-required", RSA, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        ("openssl-client-certificate-requested", RSA, "TLS_RSA_WITH_AES_128_GCM_SHA256"),
        ("gnutls-client-certificate-required", ECDSA, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
        ("nginx-verify-client-optional", ECDSA, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"),
    ):
        group = None if suite.startswith("TLS_RSA") else "secp256r1"
        yield Question(
            server=server, version=TLSV1_2, cipher_suite=suite, key_type=key_type, group=group
        )


def _pre_shared_keys() -> Iterator[Question]:
    """At OpenSSL's security level 2, a prime has at least 2048 bits."""
    for server, hint in (("openssl-psk-only", None), ("openssl-psk-hint", HINT)):
        ask = partial(Question, server=server, version=TLSV1_2, psk_identity_hint=hint)
        yield ask(cipher_suite="TLS_PSK_WITH_AES_128_GCM_SHA256")
        yield ask(cipher_suite="TLS_DHE_PSK_WITH_AES_128_GCM_SHA256", dh_prime_bits=2048)
        yield ask(cipher_suite="TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256", group="x25519")
    yield Question(
        server="openssl-rsa-psk",
        version=TLSV1_2,
        cipher_suite="TLS_RSA_PSK_WITH_AES_128_GCM_SHA256",
        key_type=RSA,
    )


def _others_up_to_tls12() -> Iterator[Question]:
    """GnuTLS uses the prime of the offered group; nginx has ffdhe2048."""
    gnutls = partial(Question, server="gnutls-legacy")
    cbc = "WITH_AES_128_CBC_SHA"
    for version in (TLSV1_0, TLSV1_2):
        ask = partial(gnutls, version=version)
        yield ask(cipher_suite=f"TLS_RSA_{cbc}", key_type=RSA)
        yield ask(
            cipher_suite=f"TLS_DHE_RSA_{cbc}", key_type=RSA, group="ffdhe3072", dh_prime_bits=3072
        )
        yield ask(cipher_suite=f"TLS_ECDHE_ECDSA_{cbc}", key_type=ECDSA, group="x25519")
        yield ask(cipher_suite=f"TLS_ECDH_anon_{cbc}", group="secp384r1")
    gcm = partial(Question, version=TLSV1_2, key_type=RSA)
    ecdhe = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    yield gcm(server="nginx-old", cipher_suite=f"TLS_DHE_RSA_{cbc}", dh_prime_bits=2048)
    yield gcm(server="nginx-rsa-and-ecdsa", cipher_suite=ecdhe, group="x25519")
    yield gcm(server="openssl-x448-only", cipher_suite=ecdhe, group="x448")
    ecdsa = partial(
        Question, version=TLSV1_2, cipher_suite="TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
    )
    yield ecdsa(server="nginx-without-intermediate", key_type=ECDSA, group="secp256r1")
    yield ecdsa(server="openssl-ed25519", key_type=ED25519, group="x25519")


def _tls13() -> Iterator[Question]:
    for server, suite, group in (
        ("openssl-everything-client-preference", "TLS_AES_128_GCM_SHA256", "x25519"),
        ("openssl-tls13-all-suites-two-groups", "TLS_AES_128_CCM_8_SHA256", "ffdhe3072"),
        ("nginx-tls13-only", "TLS_CHACHA20_POLY1305_SHA256", "secp521r1"),
        ("gnutls-normal", "TLS_AES_256_GCM_SHA384", "secp256r1"),
        ("openssl4-post-quantum-only", "TLS_AES_128_GCM_SHA256", "X25519MLKEM768"),
    ):
        yield Question(server=server, version=TLSV1_3, cipher_suite=suite, group=group)
    for server, group in (
        ("openssl-everything-client-preference", "x25519"),
        ("nginx-tls13-only", "secp256r1"),
        ("gnutls-normal", "x25519"),
    ):
        yield Question(
            server=server,
            version=TLSV1_3,
            cipher_suite="TLS_AES_256_GCM_SHA384",
            group=group,
            has_key_share=True,
        )


QUESTIONS: Final = (
    *(question for version in UP_TO_TLS12 for question in _everything(version)),
    *_node(),
    *_client_certificates(),
    *_pre_shared_keys(),
    *_others_up_to_tls12(),
    *_tls13(),
)
