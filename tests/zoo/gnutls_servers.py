"""gnutls-serv in three configurations; ``gnutls-cli --list`` expands its priority strings.

GnuTLS follows the client's order unless a priority string says %SERVER_PRECEDENCE (GnuTLS manual, "Priority
strings"). gnutls-serv has credentials for certificates and for anonymous suites, and requests a client
certificate unless an option disables it.
"""

from __future__ import annotations

import functools
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from model.certificates.certificate import KeyType
from model.observation import ClientAuthMode
from model.protocol_version import ProtocolVersion
from model.registry import cipher_suite_name
from model.verdict import Preference, Verdict
from tests.zoo.certificates import CLIENT_CA_NAME, Certificates, Identity
from tests.zoo.choice import Choice
from tests.zoo.key_exchanges import KeyExchanges, curves_and_fields, signatures
from tests.zoo.process import Command, running
from tests.zoo.server import ZooServer
from tests.zoo.truth import Truth

ISOLATED = Path(__file__).with_name("isolated.py")
LEGACY = (
    "NORMAL:+VERS-ALL:+CIPHER-ALL:+ARCFOUR-128:+3DES-CBC:+CAMELLIA-128-CBC:+AES-128-CCM-8:"
    "+MAC-ALL:+KX-ALL:+ANON-ECDH:+ANON-DH:%COMPAT"
)

_VERSIONS = {
    "VERS-TLS1.0": ProtocolVersion.TLSV1_0,
    "VERS-TLS1.1": ProtocolVersion.TLSV1_1,
    "VERS-TLS1.2": ProtocolVersion.TLSV1_2,
    "VERS-TLS1.3": ProtocolVersion.TLSV1_3,
}
_SIGNATURES = {
    KeyType.RSA: {
        "SIGN-RSA-SHA1": "rsa_pkcs1_sha1",
        "SIGN-RSA-SHA256": "rsa_pkcs1_sha256",
        "SIGN-RSA-SHA384": "rsa_pkcs1_sha384",
        "SIGN-RSA-SHA512": "rsa_pkcs1_sha512",
        "SIGN-RSA-PSS-RSAE-SHA256": "rsa_pss_rsae_sha256",
        "SIGN-RSA-PSS-RSAE-SHA384": "rsa_pss_rsae_sha384",
        "SIGN-RSA-PSS-RSAE-SHA512": "rsa_pss_rsae_sha512",
    },
    KeyType.ECDSA: {
        "SIGN-ECDSA-SHA1": "ecdsa_sha1",
        "SIGN-ECDSA-SHA256": "ecdsa_secp256r1_sha256",
        "SIGN-ECDSA-SHA384": "ecdsa_secp384r1_sha384",
        "SIGN-ECDSA-SHA512": "ecdsa_secp521r1_sha512",
    },
}
"""GnuTLS's names of TLS 1.2's schemes (GnuTLS manual, "Listing the ciphersuites")."""

_SUITE_LINE = re.compile(r"^TLS_\S+\s+0x(..), 0x(..)\s+TLS(1\.\d)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class GnutlsServ:
    """One gnutls-serv: its keys, its priority string, and its options on client certificates."""

    name: str
    priority: str
    identities: Callable[[Certificates], tuple[Identity, ...]]
    options: tuple[str, ...] = ("--disable-client-cert",)
    client_auth: ClientAuthMode = ClientAuthMode.NONE
    verifies_clients: Verdict | None = None

    @contextmanager
    def start(self, certificates: Certificates, directory: Path) -> Iterator[int]:
        """Runs gnutls-serv behind a free loopback port while the context lasts; yields the port."""
        arguments = ["gnutls-serv", "--port={port}", f"--priority={self.priority}"]
        for item in self.identities(certificates):
            arguments += [f"--x509certfile={item.chain_file}", f"--x509keyfile={item.key_file}"]
        arguments += [
            option.format(client_ca=certificates.client_ca_file) for option in self.options
        ]
        with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
            port: int = listener.getsockname()[1]
            descriptor = os.dup(listener.fileno())
        command = Command(
            arguments=[
                sys.executable,
                str(ISOLATED),
                str(descriptor),
                "listening on IPv4",
                *arguments,
            ],
            ready="^relaying$",
            inherited_descriptors=[descriptor],
        )
        try:
            with running(command, directory):
                yield port
        finally:
            os.close(descriptor)

    def truth(self, certificates: Certificates) -> Truth:
        """What this configuration says about every fact."""
        keys = self.identities(certificates)
        found = _listed(self.priority).with_keys({item.key_type for item in keys})
        schemes = signatures(
            found.cipher_suites,
            [item.key_type for item in keys],
            found.signatures,
            Preference.CLIENT,
        )
        return Truth(
            cipher_suites=found.cipher_suites,
            key_exchanges=KeyExchanges(
                groups=curves_and_fields(
                    found.cipher_suites,
                    found.groups,
                    preference=Preference.CLIENT,
                    ffdhe=found.fields,
                ),
                fields=frozenset(found.fields if found.earlier_versions else ()),
                schemes=schemes,
            ),
            groups=Choice.of(found.groups, Preference.CLIENT) if found.has_tls13 else None,
            chains={item.key_type: item.chain for item in keys},
            client_auth=self.client_auth,
            verifies_clients=self.verifies_clients,
            ca_names=() if self.client_auth is ClientAuthMode.NONE else (CLIENT_CA_NAME,),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listed:
    cipher_suites: Mapping[ProtocolVersion, Choice]
    groups: tuple[str, ...]
    signatures: Mapping[KeyType, tuple[str, ...]]

    @property
    def has_tls13(self) -> bool:
        """Whether groups of TLS 1.3 matter."""
        return ProtocolVersion.TLSV1_3 in self.cipher_suites

    def with_keys(self, kinds: AbstractSet[KeyType]) -> _Listed:
        """Without ECDSA's suites if there is no such key."""
        if KeyType.ECDSA in kinds:
            return self
        kept = {
            version: Choice.of(
                tuple(name for name in choice.accepted if "_ECDSA_" not in name), Preference.CLIENT
            )
            for version, choice in self.cipher_suites.items()
        }
        return replace(self, cipher_suites=kept)

    @property
    def earlier_versions(self) -> list[ProtocolVersion]:
        """The suites whose DHE field is visible."""
        return [one for one in self.cipher_suites if one is not ProtocolVersion.TLSV1_3]

    @property
    def fields(self) -> tuple[str, ...]:
        """The finite fields among the groups."""
        return tuple(name for name in self.groups if name.startswith("ffdhe"))


@functools.cache
def _listed(priority: str) -> _Listed:
    listed = subprocess.run(
        ["gnutls-cli", "--list", "--priority", priority], capture_output=True, text=True, check=True
    ).stdout
    suites = [
        (cipher_suite_name(int(high + low, 16)), ProtocolVersion.from_label(f"TLSv{since}"))
        for high, low, since in _SUITE_LINE.findall(listed)
    ]
    groups = _line(listed, "Groups")
    signing = _line(listed, "PK-signatures")
    versions = [_VERSIONS[name] for name in _line(listed, "Protocols") if name in _VERSIONS]
    return _Listed(
        cipher_suites={
            version: Choice.of(
                tuple(name for name, since in suites if _usable(since, version)),
                Preference.CLIENT,
            )
            for version in versions
        },
        groups=tuple(name.removeprefix("GROUP-").lower() for name in groups),
        signatures={
            key: tuple(_SIGNATURES[key][name] for name in signing if name in _SIGNATURES[key])
            for key in _SIGNATURES
        },
    )


def _usable(since: ProtocolVersion, version: ProtocolVersion) -> bool:
    if ProtocolVersion.TLSV1_3 in (since, version):
        return since is version
    return since <= version


def _line(listed: str, title: str) -> list[str]:
    match = re.search(rf"^{title}: (.*)$", listed, re.MULTILINE)
    assert match, f"gnutls-cli --list names no {title}"
    return match[1].split(", ")


def _rsa_and_ecdsa(certificates: Certificates) -> tuple[Identity, ...]:
    return (certificates.rsa, certificates.ecdsa)


_CONFIGURATIONS = (
    GnutlsServ(name="gnutls-normal", priority="NORMAL", identities=_rsa_and_ecdsa),
    GnutlsServ(name="gnutls-legacy", priority=LEGACY, identities=_rsa_and_ecdsa),
    GnutlsServ(
        name="gnutls-client-certificate-required",
        priority="NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3",
        identities=_rsa_and_ecdsa,
        options=("--require-client-cert", "--verify-client-cert", "--x509cafile={client_ca}"),
        client_auth=ClientAuthMode.REQUIRED,
        verifies_clients=Verdict.YES,
    ),
    GnutlsServ(
        name="gnutls-any-client-certificate",
        priority="NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3",
        identities=_rsa_and_ecdsa,
        options=("--require-client-cert", "--x509cafile={client_ca}"),
        client_auth=ClientAuthMode.REQUIRED,
        verifies_clients=Verdict.NO,
    ),
    GnutlsServ(
        name="gnutls-tls13-only",
        priority="NORMAL:-VERS-ALL:+VERS-TLS1.3",
        identities=_rsa_and_ecdsa,
    ),
    GnutlsServ(
        name="gnutls-tls12-only",
        priority="NORMAL:-VERS-ALL:+VERS-TLS1.2",
        identities=_rsa_and_ecdsa,
    ),
    GnutlsServ(
        name="gnutls-tls10-and-tls11",
        priority="NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0",
        identities=_rsa_and_ecdsa,
    ),
    GnutlsServ(name="gnutls-forward-secrecy", priority="PFS", identities=_rsa_and_ecdsa),
    GnutlsServ(
        name="gnutls-chacha20-only",
        priority="NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3:-CIPHER-ALL:+CHACHA20-POLY1305",
        identities=_rsa_and_ecdsa,
    ),
)

GNUTLS_SERVERS = tuple(
    ZooServer(name=item.name, start=item.start, truth=item.truth) for item in _CONFIGURATIONS
)
