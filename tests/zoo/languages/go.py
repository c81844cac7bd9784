"""Go's crypto/tls in three configurations, each with Go's defaults except for client certificates.

The lists are those of Go 1.19, which Debian has: defaultCipherSuites and defaultCipherSuitesTLS13 in its
crypto/tls/cipher_suites.go, defaultCurvePreferences and defaultSupportedSignatureAlgorithms in its common.go.
A server speaks TLS 1.0 and later (Config.MinVersion). Since Go 1.17 its own order of suites decides
(Config.PreferServerCipherSuites): ChaCha20 comes first for a client whose first suite is not AES-GCM, and
after it for others (aesgcmPreferred in cipher_suites.go). For the groups of TLS 1.3 its own order decides
(processClientHello in handshake_server_tls13.go). It follows the client for the curves of earlier versions
(generateServerKeyExchange in key_agreement.go) and for signatures (selectSignatureScheme in auth.go).
"""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from model.certificates.certificate import KeyType
from model.observation import ClientAuthMode
from model.protocol_version import ProtocolVersion
from model.verdict import Preference, Verdict
from tests.zoo.certificates import CLIENT_CA_NAME, Certificates, Identity
from tests.zoo.choice import Choice
from tests.zoo.compiled import compiled
from tests.zoo.key_exchanges import KeyExchanges, curves_and_fields, signatures
from tests.zoo.process import Command, running
from tests.zoo.server import ZooServer
from tests.zoo.truth import Truth

_SOURCE: Final = Path(__file__).with_name("go_server.go")

_TLSV1_2, _TLSV1_3 = ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3
_EARLIER: Final = (ProtocolVersion.TLSV1_0, ProtocolVersion.TLSV1_1, _TLSV1_2)

TLS12_SUITES: Final = (
    *("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
    *("TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"),
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    *("TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
    *("TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"),
    *("TLS_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_AES_256_GCM_SHA384"),
    *("TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_256_CBC_SHA"),
    *("TLS_ECDHE_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
)
TLS13_SUITES: Final = (
    *("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"),
)
GROUPS: Final = ("x25519", "secp256r1", "secp384r1", "secp521r1")
SIGNATURES: Final[Mapping[KeyType, tuple[str, ...]]] = {
    KeyType.RSA: (
        *("rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512"),
        *("rsa_pkcs1_sha256", "rsa_pkcs1_sha384", "rsa_pkcs1_sha512", "rsa_pkcs1_sha1"),
    ),
    KeyType.ECDSA: (
        *("ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512"),
        "ecdsa_sha1",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GoSettings:
    """The settings of a server on crypto/tls from which its truth follows.

    ``suites`` are those up to TLS 1.2 in Go's own order, whatever the order in the configuration.
    """

    identity: Callable[[Certificates], Identity]
    earlier: tuple[ProtocolVersion, ...] = _EARLIER
    suites: tuple[str, ...] = TLS12_SUITES
    groups: tuple[str, ...] = GROUPS
    signatures: Mapping[KeyType, tuple[str, ...]] = field(default_factory=lambda: SIGNATURES)
    client_auth: ClientAuthMode = ClientAuthMode.NONE
    verifies_clients: Verdict | None = None
    alpn: frozenset[str] = frozenset({"h2", "http/1.1"})

    def truth(self, certificates: Certificates) -> Truth:
        """What these settings say about every fact."""
        key = self.identity(certificates)
        accepted = {
            version: Choice.of(self._usable(version, key.key_type), Preference.SERVER)
            for version in self.earlier
        } | {_TLSV1_3: Choice.of(TLS13_SUITES, Preference.SERVER)}
        return Truth(
            cipher_suites=accepted,
            groups=Choice.of(self.groups, Preference.SERVER),
            chains={key.key_type: key.chain},
            client_auth=self.client_auth,
            verifies_clients=self.verifies_clients,
            ca_names=() if self.client_auth is ClientAuthMode.NONE else (CLIENT_CA_NAME,),
            key_exchanges=KeyExchanges(
                groups=curves_and_fields(
                    accepted,
                    [group for group in self.groups if "MLKEM" not in group],
                    preference=Preference.CLIENT,
                ),
                schemes=signatures(accepted, [key.key_type], self.signatures, Preference.CLIENT),
            ),
            alpn=self.alpn,
        )

    def _usable(self, version: ProtocolVersion, key: KeyType) -> tuple[str, ...]:
        """The suites for this kind of key; those of TLS 1.2 alone have a hash other than SHA-1 in their names."""
        authentication = "_ECDSA_" if key is KeyType.ECDSA else "_RSA_"
        return tuple(
            name
            for name in self.suites
            if authentication in name and (version is _TLSV1_2 or name.endswith("_SHA"))
        )


@functools.cache
def _binary() -> Path:
    """The compiled program."""

    def build(folder: Path) -> Path:
        built = folder / "go-server"
        subprocess.run(
            ["go", "build", "-o", str(built), str(_SOURCE)],
            env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "GOCACHE": f"{folder}/cache"},
            check=True,
        )
        return built

    return compiled(_SOURCE, "go-server", build)


def _go(name: str, settings: GoSettings, demand: int = 0) -> ZooServer:
    """``demand`` is a number of tls.ClientAuthType."""

    @contextmanager
    def start(certificates: Certificates, directory: Path) -> Iterator[int]:
        one = settings.identity(certificates)
        command = Command(
            arguments=[
                *(str(_binary()), str(one.chain_file), str(one.key_file)),
                *(str(demand), str(certificates.client_ca_file)),
            ],
            ready=r"^listening on (\d+)$",
        )
        with running(command, directory) as ready:
            yield int(ready[1])

    return ZooServer(name=name, start=start, truth=settings.truth)


GO_SERVERS = (
    _go("go-defaults", GoSettings(identity=lambda certificates: certificates.rsa)),
    _go(
        "go-require-and-verify-client-certificate",
        GoSettings(
            identity=lambda certificates: certificates.ecdsa,
            client_auth=ClientAuthMode.REQUIRED,
            verifies_clients=Verdict.YES,
        ),
        demand=4,
    ),
    _go(
        "go-require-any-client-certificate",
        GoSettings(
            identity=lambda certificates: certificates.rsa,
            client_auth=ClientAuthMode.REQUIRED,
            verifies_clients=Verdict.NO,
        ),
        demand=2,
    ),
)
