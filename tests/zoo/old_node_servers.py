"""Node 0.10.40 with OpenSSL 1.0.1p (SSLv2, SSLv3, RC4, NULL, DES), and 0.10.0 with 1.0.1e.

``scripts/install-test-servers.sh`` installs both. OpenSSL's reading of a cipher string comes from the hello
of a Node client of the same build. Node 0.10 sets neither Diffie-Hellman parameters nor an elliptic curve,
and a key of 2048 bits is too long for the EXPORT suites. Of the suites that the string allows, those with
plain RSA key exchange remain.
"""

from __future__ import annotations

import functools
import json
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from model.certificates.certificate import Problem
from model.protocol_version import ProtocolVersion
from model.registry import cipher_suite_name
from model.verdict import Preference
from tests.probe.programmable.client_hello import ClientHello, read_client_hello
from tests.zoo.certificates import Certificates
from tests.zoo.choice import Choice
from tests.zoo.process import Command, running
from tests.zoo.server import ZooServer
from tests.zoo.truth import Chain, Truth

HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache"
HELLO_WITHIN_SECONDS = 30.0

_METHODS = {
    ProtocolVersion.SSLV3: "SSLv3_client_method",
    ProtocolVersion.TLSV1_0: "TLSv1_client_method",
    ProtocolVersion.TLSV1_1: "TLSv1_client_method",
    ProtocolVersion.TLSV1_2: "SSLv23_client_method",
}
"""The client whose hello lists the suites of a version: 1.1 introduced none, and Node 0.10 has no method for
TLS 1.2 only."""


_SSLV2_KINDS = (
    "SSL_CK_RC4_128_WITH_MD5",
    "SSL_CK_RC4_128_EXPORT40_WITH_MD5",
    "SSL_CK_RC2_128_CBC_WITH_MD5",
    "SSL_CK_RC2_128_CBC_EXPORT40_WITH_MD5",
    "SSL_CK_IDEA_128_CBC_WITH_MD5",
    "SSL_CK_DES_64_CBC_WITH_MD5",
    "SSL_CK_DES_192_EDE3_CBC_WITH_MD5",
)
"""The suites of SSL 2.0 in OpenSSL 1.0.1 (ciphers(1), "SSL v2.0 cipher suites")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OldNode:
    """One Node server. ``SSLv23_method`` enables every version that the flags do not disable; 0.10.0 has no
    flags yet, so there it enables all."""

    name: str
    versions: tuple[ProtocolVersion, ...]
    ciphers: str
    method: str = "SSLv23_method"
    server_decides: bool = False
    sslv2: bool = False
    release: str = "0.10.40"

    @contextmanager
    def start(self, certificates: Certificates, directory: Path) -> Iterator[int]:
        """Runs Node on a free loopback port while the context lasts; yields the port."""
        options = {
            "key": str(certificates.rsa.key_file),
            "cert": str(self._certificate_file(certificates, directory)),
            "ciphers": self.ciphers,
            "secureProtocol": self.method,
            "honorCipherOrder": self.server_decides,
        }
        command = Command(
            arguments=[*self._node(), str(HERE / "old_node_server.js"), json.dumps(options)],
            ready=r"^listening on (\d+)$",
        )
        with running(command, directory) as ready:
            yield int(ready[1])

    def truth(self, certificates: Certificates) -> Truth:
        """What this configuration says about every fact."""
        return Truth(
            cipher_suites=self._suites(),
            groups=None,
            chains={certificates.rsa.key_type: self._chain(certificates)},
        )

    def _certificate_file(self, certificates: Certificates, directory: Path) -> Path:
        """The chain; for SSL 2.0 only the leaf, because OpenSSL sends no more with it."""
        if self.versions:
            return certificates.rsa.chain_file
        leaf_file = directory / "leaf.pem"
        end = "-----END CERTIFICATE-----\n"
        leaf, _, _ = certificates.rsa.chain_file.read_text().partition(end)
        leaf_file.write_text(leaf + end)
        return leaf_file

    def _chain(self, certificates: Certificates) -> Chain:
        """SSL 2.0 sends only the leaf."""
        whole = certificates.rsa.chain
        if self.versions:
            return whole
        return Chain(sha256s=whole.sha256s[:1], problems=frozenset({Problem.INCOMPLETE}))

    def _node(self) -> tuple[str, ...]:
        node = str(CACHE / f"node-{self.release}" / "bin" / "node")
        if self.release == "0.10.0":
            return (node,)
        ssl3 = ("--enable-ssl3",) if ProtocolVersion.SSLV3 in self.versions else ()
        ssl2 = ("--enable-ssl2",) if self.sslv2 else ()
        return (node, *ssl3, *ssl2)

    def _suites(self) -> Mapping[ProtocolVersion, Choice]:
        preference = Preference.SERVER if self.server_decides else Preference.CLIENT
        suites = {
            version: Choice.of(_rsa_suites(self._node(), version, self.ciphers), preference)
            for version in self.versions
        }
        if self.sslv2:
            suites[ProtocolVersion.SSLV2] = Choice.of(_SSLV2_KINDS, Preference.CLIENT)
        return suites


@functools.cache
def _rsa_suites(node: tuple[str, ...], version: ProtocolVersion, ciphers: str) -> tuple[str, ...]:
    """The IANA names with plain RSA key exchange to which this OpenSSL expands ``ciphers``."""
    names = map(cipher_suite_name, _hello_of(node, version, ciphers).cipher_suites)
    return tuple(name for name in names if name.startswith("TLS_RSA_WITH_"))


def _hello_of(node: tuple[str, ...], version: ProtocolVersion, ciphers: str) -> ClientHello:
    options = json.dumps({"ciphers": ciphers, "secureProtocol": _METHODS[version]})
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(HELLO_WITHIN_SECONDS)
        port = str(listener.getsockname()[1])
        with subprocess.Popen([*node, str(HERE / "old_node_client.js"), port, options]) as client:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(HELLO_WITHIN_SECONDS)
                received = b""
                while (hello := read_client_hello(received)) is None:
                    some = connection.recv(65536)
                    assert some, f"{client.args!r} ended before its hello did"
                    received += some
    return hello


_CONFIGURATIONS = (
    OldNode(
        name="node010-sslv2-to-tls12",
        versions=tuple(_METHODS),
        ciphers="ALL:COMPLEMENTOFALL",
        sslv2=True,
    ),
    OldNode(
        name="node010-sslv2-only",
        versions=(),
        ciphers="ALL:COMPLEMENTOFALL",
        method="SSLv2_method",
        sslv2=True,
    ),
    OldNode(
        name="node010-sslv3-to-tls12-everything",
        versions=tuple(_METHODS),
        ciphers="ALL:COMPLEMENTOFALL",
    ),
    OldNode(
        name="node010-server-preference",
        versions=(ProtocolVersion.TLSV1_0, ProtocolVersion.TLSV1_1, ProtocolVersion.TLSV1_2),
        ciphers="RC4-SHA:AES256-SHA:DES-CBC3-SHA:AES128-GCM-SHA256:RC4-MD5",
        server_decides=True,
    ),
    OldNode(
        name="node010-sslv3-only",
        versions=(ProtocolVersion.SSLV3,),
        ciphers="ALL",
        method="SSLv3_method",
    ),
    OldNode(
        name="node010-rc4-only",
        versions=(ProtocolVersion.TLSV1_0, ProtocolVersion.TLSV1_1, ProtocolVersion.TLSV1_2),
        ciphers="RC4",
    ),
    OldNode(
        name="node010-tls10-only",
        versions=(ProtocolVersion.TLSV1_0,),
        ciphers="ALL",
        method="TLSv1_method",
    ),
    OldNode(
        name="node010-triple-des-only",
        versions=(ProtocolVersion.TLSV1_0, ProtocolVersion.TLSV1_1, ProtocolVersion.TLSV1_2),
        ciphers="DES-CBC3-SHA",
    ),
    OldNode(
        name="node0100-heartbleed",
        versions=tuple(_METHODS),
        ciphers="ALL:COMPLEMENTOFALL",
        sslv2=True,
        release="0.10.0",
    ),
)

OLD_NODE_SERVERS = tuple(
    ZooServer(name=item.name, start=item.start, truth=item.truth) for item in _CONFIGURATIONS
)
