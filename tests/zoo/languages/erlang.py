"""Erlang's ssl application in two configurations, each with OTP's defaults except for client certificates.

``erlang_server.escript`` prints OTP's own list of suites, of which an RSA key can serve those that sign with
RSA. OTP 25, which Debian has, speaks TLS 1.2 and 1.3 and follows the client's order of suites and curves,
unless ``versions``, ``honor_cipher_order`` and ``honor_ecc_order`` say otherwise (ssl(3erl)), and of signature
schemes (select_hashsign in its ssl_handshake.erl). Its curves up to TLS 1.2 are those of ``ssl:eccs()``. Its
groups at TLS 1.3 are those of ``ssl:groups(default)``, in its own order (select_common_groups in its
tls_handshake_1_3.erl). Its field for DHE is DEFAULT_DIFFIE_HELLMAN_PRIME in its ssl_handshake.hrl.
"""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from model.certificates.certificate import KeyType
from model.observation import ClientAuthMode
from model.protocol_version import ProtocolVersion
from model.verdict import Preference, Verdict
from tests.zoo.certificates import CLIENT_CA_NAME, Certificates
from tests.zoo.choice import Choice
from tests.zoo.key_exchanges import KeyExchanges, curves_and_fields, signatures
from tests.zoo.process import Command, running
from tests.zoo.server import ZooServer
from tests.zoo.truth import Truth

_PROGRAM: Final = Path(__file__).with_name("erlang_server.escript")
_TLSV1_2, _TLSV1_3 = ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3
_VERSIONS: Final = {
    "tlsv1": ProtocolVersion.TLSV1_0,
    "tlsv1.1": ProtocolVersion.TLSV1_1,
    "tlsv1.2": _TLSV1_2,
    "tlsv1.3": _TLSV1_3,
}

_CURVES: Final = (
    *("sect571r1", "sect571k1", "secp521r1", "brainpoolP512r1", "sect409k1", "sect409r1"),
    *("brainpoolP384r1", "secp384r1", "sect283k1", "sect283r1", "brainpoolP256r1"),
    *("secp256k1", "secp256r1", "sect239k1", "sect233k1", "sect233r1", "secp224k1"),
    *("secp224r1", "sect193r1", "sect193r2", "secp192k1", "secp192r1", "sect163k1"),
    *("sect163r1", "sect163r2", "secp160k1", "secp160r1", "secp160r2"),
)
_GROUPS: Final = ("x25519", "x448", "secp256r1", "secp384r1")
_SIGNATURES: Final[Mapping[KeyType, tuple[str, ...]]] = {
    KeyType.RSA: (
        *("rsa_pss_rsae_sha512", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha256"),
        *("rsa_pkcs1_sha512", "rsa_pkcs1_sha384", "rsa_pkcs1_sha256"),
        *("rsa_sha224", "rsa_pkcs1_sha1"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ErlangSettings:
    """The settings of a server on OTP's ssl, with one RSA key, from which its truth follows."""

    versions: tuple[ProtocolVersion, ...] = (_TLSV1_2, _TLSV1_3)
    client_auth: ClientAuthMode = ClientAuthMode.NONE
    verifies_clients: Verdict | None = None
    ca_names: tuple[str, ...] = ()

    def truth(self, certificates: Certificates) -> Truth:
        """What these settings say about every fact."""
        key = certificates.rsa
        accepted = {
            version: Choice.of(_suites()[version], Preference.CLIENT) for version in self.versions
        }
        return Truth(
            cipher_suites=accepted,
            groups=Choice.of(_GROUPS, Preference.SERVER),
            chains={key.key_type: key.chain},
            client_auth=self.client_auth,
            verifies_clients=self.verifies_clients,
            ca_names=self.ca_names,
            key_exchanges=KeyExchanges(
                groups=curves_and_fields(accepted, _CURVES, preference=Preference.CLIENT),
                fields=frozenset({"RFC 3526 group 14"}),
                schemes=signatures(accepted, [key.key_type], _SIGNATURES, Preference.CLIENT),
            ),
            alpn=frozenset(),
        )


@functools.cache
def _suites() -> Mapping[ProtocolVersion, tuple[str, ...]]:
    """OTP's default suites that an RSA key can serve; the list of TLS 1.3 has those of TLS 1.2 too."""
    listed = subprocess.run(
        ["escript", str(_PROGRAM)], capture_output=True, text=True, check=True
    ).stdout
    pairs = [line.split() for line in listed.splitlines()]
    return {
        version: tuple(name for label, name in pairs if label == own and _serves(name, version))
        for own, version in _VERSIONS.items()
    }


def _serves(name: str, version: ProtocolVersion) -> bool:
    if version is _TLSV1_3:
        return "_WITH_" not in name
    return name.startswith(("TLS_ECDHE_RSA_", "TLS_DHE_RSA_"))


def _erlang(name: str, verification: str, settings: ErlangSettings) -> ZooServer:
    @contextmanager
    def start(certificates: Certificates, directory: Path) -> Iterator[int]:
        one = certificates.rsa
        command = Command(
            arguments=[
                *("escript", str(_PROGRAM), str(one.chain_file), str(one.key_file)),
                *(verification, str(certificates.client_ca_file)),
            ],
            ready=r"^listening on (\d+)$",
        )
        with running(command, directory) as ready:
            yield int(ready[1])

    return ZooServer(name=name, start=start, truth=settings.truth)


ERLANG_SERVERS = (
    _erlang("erlang-defaults", "none", ErlangSettings()),
    _erlang(
        "erlang-client-certificate-required",
        "required",
        ErlangSettings(
            client_auth=ClientAuthMode.REQUIRED,
            verifies_clients=Verdict.YES,
            ca_names=(CLIENT_CA_NAME,),
        ),
    ),
)
