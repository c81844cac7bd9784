"""JSSE, Java's own TLS, in three configurations: everything that it supports, and what a modern service uses.

``JavaServer.java`` prints Java's own list of suites and their order. The versions at which each may occur
come from the JSSE Reference Guide, "JSSE Cipher Suite Names". The order that decides is configured; for
groups and signature schemes Java always follows the client. It has RSA and elliptic keys here, and serves
static ECDH with the latter, whichever CA signed it. Exportable DHE has a field of 512 bits
(sun/security/ssl/PredefinedDHParameterSpecs.java).
"""

from __future__ import annotations

import functools
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from zipfile import ZipFile

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    load_pem_private_key,
    pkcs12,
)

from model.certificates.certificate import KeyType
from model.observation import ClientAuthMode
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.verdict import Preference, Verdict
from tests.zoo.certificates import CLIENT_CA_NAME, Certificates, Identity
from tests.zoo.choice import Choice
from tests.zoo.compiled import compiled
from tests.zoo.key_exchanges import KeyExchanges, curves_and_fields, signatures
from tests.zoo.process import Command, running
from tests.zoo.server import ZooServer
from tests.zoo.truth import Truth

_SOURCE: Final = Path(__file__).with_name("JavaServer.java")

SSLV3, TLSV1_0, TLSV1_1, TLSV1_2, TLSV1_3 = STREAM_VERSIONS[1:]
_NAMES: Final = {
    SSLV3: "SSLv3",
    TLSV1_0: "TLSv1",
    TLSV1_1: "TLSv1.1",
    TLSV1_2: "TLSv1.2",
    TLSV1_3: "TLSv1.3",
}
_DEMANDS: Final = {
    ClientAuthMode.NONE: "none",
    ClientAuthMode.REQUESTED: "want",
    ClientAuthMode.REQUIRED: "need",
}
_GROUPS: Final = (
    *("x25519", "secp256r1", "secp384r1", "secp521r1", "x448"),
    *("ffdhe2048", "ffdhe3072", "ffdhe4096", "ffdhe6144", "ffdhe8192"),
)
"""The default of ``jdk.tls.namedGroups``."""

_SIGNATURES: Final = {
    KeyType.ECDSA: (
        "ecdsa_secp256r1_sha256",
        *("ecdsa_sha224", "ecdsa_sha1"),
    ),
    KeyType.RSA: (
        *("rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512"),
        *("rsa_pkcs1_sha256", "rsa_pkcs1_sha384", "rsa_pkcs1_sha512"),
        *("rsa_sha224", "rsa_pkcs1_sha1", "rsa_md5"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JavaServer:
    """One configuration of every suite that Java supports."""

    name: str
    versions: tuple[ProtocolVersion, ...]
    preference: Preference
    client_auth: ClientAuthMode = ClientAuthMode.NONE
    trusts_anybody: bool = False

    @contextmanager
    def start(self, certificates: Certificates, directory: Path) -> Iterator[int]:
        """Runs the server on a free loopback port while the context lasts; yields the port."""
        keys = [_key_store(one, directory) for one in (certificates.rsa, certificates.ecdsa)]
        command = Command(
            arguments=[
                *(*_program(), ",".join(keys)),
                str(certificates.client_ca_file),
                ",".join(_NAMES[version] for version in self.versions),
                self.preference.value,
                _DEMANDS[self.client_auth],
                "anybody" if self.trusts_anybody else "authority",
            ],
            ready=r"^listening on (\d+)$",
        )
        with running(command, directory) as ready:
            yield int(ready[1])

    def truth(self, certificates: Certificates) -> Truth:
        """What this configuration says about every fact."""
        keys = (certificates.rsa, certificates.ecdsa)
        accepted = {
            version: Choice.of(
                tuple(name for name in _supported() if self._is_usable(name, version)),
                self.preference,
            )
            for version in self.versions
        }
        return Truth(
            cipher_suites=accepted,
            groups=Choice.of(_GROUPS, Preference.CLIENT) if TLSV1_3 in accepted else None,
            chains={identity.key_type: identity.chain for identity in keys},
            client_auth=self.client_auth,
            verifies_clients=None if self.client_auth is ClientAuthMode.NONE else Verdict.YES,
            ca_names=() if self.client_auth is ClientAuthMode.NONE else (CLIENT_CA_NAME,),
            key_exchanges=_key_exchanges(accepted, keys),
        )

    def _is_usable(self, name: str, version: ProtocolVersion) -> bool:
        """A server that requires client certificates accepts no anonymous suites."""
        if self.client_auth is not ClientAuthMode.NONE and "_anon_" in name:
            return False
        return _may_occur(name, version)


def _key_exchanges(
    accepted: Mapping[ProtocolVersion, Choice], keys: tuple[Identity, ...]
) -> KeyExchanges:
    fields = tuple(group for group in _GROUPS if group.startswith("ffdhe"))
    return KeyExchanges(
        groups=curves_and_fields(accepted, _GROUPS, preference=Preference.CLIENT, ffdhe=fields),
        fields=frozenset(
            (*fields, "Java sun.security.ssl 512-bit") if TLSV1_0 in accepted else fields
        ),
        schemes=signatures(
            accepted, [one.key_type for one in keys], _SIGNATURES, Preference.CLIENT
        ),
    )


@functools.cache
def _program() -> tuple[str, ...]:
    """The command of the compiled program."""

    def build(folder: Path) -> Path:
        subprocess.run(["javac", "-d", str(folder), str(_SOURCE)], check=True)
        with ZipFile(folder / "server.jar", "w") as jar:
            for file in folder.glob("*.class"):
                jar.write(file, file.name)
        return folder / "server.jar"

    jar = compiled(_SOURCE, "java-server.jar", build)
    return ("java", "-XX:+UseSerialGC", "-cp", str(jar), _SOURCE.stem)


@functools.cache
def _supported() -> tuple[str, ...]:
    """Java's suites by their IANA names: Java has the prefix SSL_ for those of SSL 3.0."""
    listed = subprocess.run(_program(), capture_output=True, text=True, check=True).stdout
    names = [f"TLS_{line.partition('_')[2]}" for line in listed.splitlines()]
    return tuple(name for name in names if name != "TLS_EMPTY_RENEGOTIATION_INFO_SCSV")


def _may_occur(name: str, version: ProtocolVersion) -> bool:
    if "_WITH_" not in name:
        return version is TLSV1_3
    if version is TLSV1_3 or "_DSS_" in name or "_KRB5_" in name:
        return False
    if "EXPORT" in name:
        return version <= TLSV1_0
    if "_DES_" in name:
        return version <= TLSV1_1
    is_new = name.endswith(("_SHA256", "_SHA384"))
    return version is TLSV1_2 or not is_new


def _key_store(identity: Identity, directory: Path) -> str:
    """The key and its chain, in the only format that Java reads."""
    leaf, *issuers = x509.load_pem_x509_certificates(identity.chain_file.read_bytes())
    key = load_pem_private_key(identity.key_file.read_bytes(), None)
    assert isinstance(key, RSAPrivateKey | EllipticCurvePrivateKey)
    file = directory / f"{identity.key_type}.p12"
    file.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"zoo", key, leaf, issuers, BestAvailableEncryption(b"zoo")
        )
    )
    return str(file)


_CONFIGURATIONS = (
    JavaServer(
        name="java-everything-server-preference",
        versions=tuple(_NAMES),
        preference=Preference.SERVER,
    ),
    JavaServer(
        name="java-everything-client-preference",
        versions=tuple(_NAMES),
        preference=Preference.CLIENT,
    ),
    JavaServer(
        name="java-client-certificate-required",
        versions=(TLSV1_2, TLSV1_3),
        preference=Preference.SERVER,
        client_auth=ClientAuthMode.REQUIRED,
    ),
)

JAVA_SERVERS = tuple(
    ZooServer(name=item.name, start=item.start, truth=item.truth) for item in _CONFIGURATIONS
)
