"""OpenSSL's s_server in many configurations, as openssl-s_server(1) describes its options.

It generates its own Diffie-Hellman parameters, follows the client's order without ``-serverpref``, and serves
one client at a time: parallel questions wait in its backlog.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from model.observation import ClientAuthMode
from model.protocol_version import ProtocolVersion
from model.verdict import Preference, Verdict
from tests.zoo.certificates import CLIENT_CA_NAME, Certificates, Identity
from tests.zoo.choice import Choice
from tests.zoo.key_exchanges import (
    KeyExchanges,
    automatic_fields,
    curves_and_fields,
    signatures,
)
from tests.zoo.openssl_words import (
    ENVIRONMENT,
    GROUP_PREFERENCE,
    TLS13_GROUPS,
    TLS13_SUITES,
    signature_schemes,
    suites,
)
from tests.zoo.process import Command, running
from tests.zoo.server import ZooServer
from tests.zoo.truth import Truth

EVERYTHING = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
DEFAULT = "DEFAULT"
ALL_TLS13_SUITES = (
    "TLS_AES_128_CCM_8_SHA256",
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_AES_128_CCM_SHA256",
    "TLS_CHACHA20_POLY1305_SHA256",
)
UP_TO_TLS12 = (ProtocolVersion.TLSV1_0, ProtocolVersion.TLSV1_1, ProtocolVersion.TLSV1_2)
TLS12 = (ProtocolVersion.TLSV1_2,)
MODERN = ("-no_tls1", "-no_tls1_1")


def _no_identity(_: Certificates) -> tuple[Identity, ...]:
    return ()


def _rsa(certificates: Certificates) -> tuple[Identity, ...]:
    return (certificates.rsa,)


def _rsa_and_ecdsa(certificates: Certificates) -> tuple[Identity, ...]:
    return (certificates.rsa, certificates.ecdsa)


def _ecdsa(certificates: Certificates) -> tuple[Identity, ...]:
    return (certificates.ecdsa,)


def _expired(certificates: Certificates) -> tuple[Identity, ...]:
    return (certificates.expired,)


def _ed25519(certificates: Certificates) -> tuple[Identity, ...]:
    return (certificates.ed25519,)


@dataclass(frozen=True, slots=True, kw_only=True)
class SServer:
    """One s_server: its keys, its options, and the settings from which its truth follows.

    ``versions`` are those up to TLS 1.2; the server speaks TLS 1.3 if ``tls13`` names suites.
    ``authentication`` names the kinds of suite that its keys serve, as in ciphers(1).
    """

    name: str
    options: tuple[str, ...]
    identities: Callable[[Certificates], tuple[Identity, ...]] = _rsa
    authentication: frozenset[str] = frozenset({"RSA"})
    versions: tuple[ProtocolVersion, ...] = TLS12
    ciphers: str = DEFAULT
    preference: Preference = Preference.CLIENT
    tls13: tuple[str, ...] = TLS13_SUITES
    groups: tuple[str, ...] = TLS13_GROUPS
    client_auth: ClientAuthMode = ClientAuthMode.NONE
    verifies_clients: Verdict | None = None

    @contextmanager
    def start(self, certificates: Certificates, directory: Path) -> Iterator[int]:
        """Runs s_server on a free loopback port while the context lasts; yields the port."""
        arguments = ["openssl", "s_server", "-accept", "127.0.0.1:0", "-www"]
        arguments += ["-cipher", self.ciphers, *self._key_options(certificates)]
        arguments += [
            option.format(client_ca=certificates.client_ca_file) for option in self.options
        ]
        command = Command(
            arguments=arguments, ready=r"^ACCEPT 127\.0\.0\.1:(\d+)$", environment=ENVIRONMENT
        )
        with running(command, directory) as ready:
            yield int(ready[1])

    def truth(self, certificates: Certificates) -> Truth:
        """What this configuration says about every fact."""
        return Truth(
            cipher_suites=self._suites(),
            key_exchanges=self._key_exchanges(certificates),
            groups=Choice.of(self.groups, GROUP_PREFERENCE) if self.tls13 else None,
            chains={item.key_type: item.chain for item in self.identities(certificates)},
            client_auth=self.client_auth,
            verifies_clients=self.verifies_clients,
            ca_names=() if self.client_auth is ClientAuthMode.NONE else (CLIENT_CA_NAME,),
        )

    def _key_exchanges(self, certificates: Certificates) -> KeyExchanges:
        keys = [item.key_type for item in self.identities(certificates)]
        level = 0 if "@SECLEVEL=0" in self.ciphers else 2
        return KeyExchanges(
            groups=curves_and_fields(self._suites(), self.groups, preference=self.preference),
            fields=automatic_fields(self._suites(), security_level=level),
            schemes=signatures(
                self._suites(), keys, signature_schemes(self.ciphers), self.preference
            ),
        )

    def _suites(self) -> Mapping[ProtocolVersion, Choice]:
        return suites(
            self.versions,
            self.ciphers,
            authentication=self.authentication,
            preference=self.preference,
            tls13=self.tls13,
        )

    def _key_options(self, certificates: Certificates) -> list[str]:
        options: list[str] = []
        for prefix, item in zip(("-", "-d"), self.identities(certificates), strict=False):
            options += [f"{prefix}cert", str(item.leaf_file), f"{prefix}key", str(item.key_file)]
            options += [f"{prefix}cert_chain", str(certificates.intermediate_file)]
        return options or ["-nocert"]


_CONFIGURATIONS = (
    SServer(name="openssl-tls12-only", options=("-tls1_2",), tls13=()),
    SServer(
        name="openssl-tls13-all-suites-two-groups",
        options=(
            "-tls1_3",
            "-ciphersuites",
            ":".join(ALL_TLS13_SUITES),
            "-groups",
            "P-521:ffdhe3072",
            "-serverpref",
        ),
        versions=(),
        preference=Preference.SERVER,
        tls13=ALL_TLS13_SUITES,
        groups=("secp521r1", "ffdhe3072"),
    ),
    SServer(
        name="openssl-everything-client-preference",
        options=(),
        identities=_rsa_and_ecdsa,
        authentication=frozenset({"RSA", "ECDSA", "None"}),
        versions=UP_TO_TLS12,
        ciphers=EVERYTHING,
    ),
    SServer(
        name="openssl-everything-server-preference",
        options=("-serverpref",),
        authentication=frozenset({"RSA", "None"}),
        versions=UP_TO_TLS12,
        ciphers=EVERYTHING,
        preference=Preference.SERVER,
    ),
    SServer(
        name="openssl-client-certificate-required",
        options=(*MODERN, "-Verify", "1", "-CAfile", "{client_ca}", "-verify_return_error"),
        client_auth=ClientAuthMode.REQUIRED,
        verifies_clients=Verdict.YES,
    ),
    SServer(
        name="openssl-any-client-certificate",
        options=(*MODERN, "-Verify", "1", "-CAfile", "{client_ca}"),
        client_auth=ClientAuthMode.REQUIRED,
        verifies_clients=Verdict.NO,
    ),
    SServer(
        name="openssl-client-certificate-requested",
        options=(*MODERN, "-verify", "1", "-CAfile", "{client_ca}"),
        client_auth=ClientAuthMode.REQUESTED,
        verifies_clients=Verdict.NO,
    ),
    SServer(
        name="openssl-psk-only",
        options=("-tls1_2", "-psk", "0123456789abcdef"),
        identities=_no_identity,
        authentication=frozenset({"PSK"}),
        ciphers="PSK",
        tls13=(),
    ),
    SServer(
        name="openssl-anonymous-only",
        options=("-no_tls1_3",),
        identities=_no_identity,
        authentication=frozenset({"None"}),
        versions=UP_TO_TLS12,
        ciphers="aNULL:@SECLEVEL=0",
        tls13=(),
    ),
    SServer(
        name="openssl-ed25519",
        options=MODERN,
        identities=_ed25519,
        # An Ed25519 key serves the ECDSA suites at TLS 1.2 (RFC 8422, 5.4).
        authentication=frozenset({"ECDSA"}),
    ),
    SServer(name="openssl-x448-only", options=(*MODERN, "-groups", "X448"), groups=("x448",)),
    SServer(
        name="openssl-one-suite",
        options=(*MODERN, "-ciphersuites", "TLS_AES_128_CCM_SHA256"),
        ciphers="ECDHE-RSA-AES256-SHA384",
        tls13=("TLS_AES_128_CCM_SHA256",),
    ),
    SServer(
        name="openssl-tls11-only",
        options=("-tls1_1",),
        versions=(ProtocolVersion.TLSV1_1,),
        ciphers="AES:CAMELLIA:!aNULL:@SECLEVEL=0",
        tls13=(),
    ),
    SServer(
        name="openssl-tls10-only",
        options=("-tls1",),
        versions=(ProtocolVersion.TLSV1_0,),
        ciphers="ALL:!aNULL:@SECLEVEL=0",
        tls13=(),
    ),
    SServer(
        name="openssl-tls10-and-tls11",
        options=("-no_tls1_2", "-no_tls1_3"),
        versions=UP_TO_TLS12[:2],
        ciphers="AES128-SHA:ECDHE-RSA-AES256-SHA:@SECLEVEL=0",
        tls13=(),
    ),
    SServer(name="openssl-tls13-only", options=("-tls1_3",), versions=()),
    SServer(
        name="openssl-tls13-chacha20-only",
        options=("-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"),
        versions=(),
        tls13=("TLS_CHACHA20_POLY1305_SHA256",),
    ),
    SServer(
        name="openssl-tls13-finite-fields",
        options=("-tls1_3", "-groups", "ffdhe2048:ffdhe8192"),
        versions=(),
        groups=("ffdhe2048", "ffdhe8192"),
    ),
    SServer(
        name="openssl-ecdsa-only",
        options=MODERN,
        identities=_ecdsa,
        authentication=frozenset({"ECDSA"}),
    ),
    SServer(
        name="openssl-everything-ecdsa",
        options=(),
        identities=_ecdsa,
        authentication=frozenset({"ECDSA", "None"}),
        versions=UP_TO_TLS12,
        ciphers=EVERYTHING,
    ),
    SServer(name="openssl-tls13-ecdsa", options=("-tls1_3",), identities=_ecdsa, versions=()),
    SServer(
        name="openssl-static-rsa-only",
        options=("-tls1_2",),
        ciphers="AES128-GCM-SHA256:AES256-SHA256:AES256-SHA",
        tls13=(),
    ),
    SServer(
        name="openssl-dhe-only",
        options=("-tls1_2",),
        ciphers="DHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES256-SHA",
        tls13=(),
    ),
    SServer(
        name="openssl-chacha20-only",
        options=("-tls1_2",),
        ciphers="ECDHE-RSA-CHACHA20-POLY1305:DHE-RSA-CHACHA20-POLY1305",
        tls13=(),
    ),
    SServer(
        name="openssl-prioritizes-chacha20",
        options=(*MODERN, "-serverpref", "-prioritize_chacha"),
        preference=Preference.SERVER,
    ),
    SServer(
        name="openssl-null-only",
        options=("-tls1_2",),
        ciphers="eNULL:!aNULL:@SECLEVEL=0",
        tls13=(),
    ),
    SServer(
        name="openssl-ccm-only",
        options=("-tls1_2",),
        ciphers="AESCCM:!PSK",
        tls13=(),
    ),
    SServer(
        name="openssl-camellia-and-aria",
        options=("-tls1_2",),
        ciphers="CAMELLIA:ARIA:!aNULL:!PSK:@SECLEVEL=0",
        tls13=(),
    ),
    SServer(
        name="openssl-tls12-server-preference",
        options=("-tls1_2", "-serverpref"),
        identities=_rsa_and_ecdsa,
        authentication=frozenset({"RSA", "ECDSA"}),
        preference=Preference.SERVER,
        tls13=(),
    ),
    SServer(
        name="openssl-p256-only",
        options=(*MODERN, "-groups", "P-256"),
        groups=("secp256r1",),
    ),
    SServer(name="openssl-expired", options=MODERN, identities=_expired),
    SServer(
        name="openssl-two-keys-client-certificate-required",
        options=(*MODERN, "-Verify", "1", "-CAfile", "{client_ca}"),
        identities=_rsa_and_ecdsa,
        authentication=frozenset({"RSA", "ECDSA"}),
        client_auth=ClientAuthMode.REQUIRED,
        verifies_clients=Verdict.NO,
    ),
)

OPENSSL_SERVERS = tuple(
    ZooServer(name=item.name, start=item.start, truth=item.truth) for item in _CONFIGURATIONS
)
