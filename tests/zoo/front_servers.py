"""HAProxy, stunnel and Apache httpd, which all use Debian's OpenSSL, each with peculiarities of its own.

HAProxy chooses its ECDSA key for every client that can use one. Then its own order decides unless
``prefer-client-ciphers`` says otherwise (configuration manual, 5.1). Apache's order decides with
``SSLHonorCipherOrder on``, it includes RFC 3526's fields for DHE (mod_ssl, SSLCertificateFile), and its ALPN has
HTTP/1.1 (Protocols). stunnel follows the client, and with ``verifyChain`` it refuses clients without a
certificate (stunnel(8)).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from model.observation import ClientAuthMode
from model.protocol_version import ProtocolVersion
from model.verdict import Preference, Verdict
from tests.support.ports import free_port
from tests.zoo.certificates import CLIENT_CA_NAME, Certificates
from tests.zoo.openssl_settings import OpensslSettings
from tests.zoo.openssl_words import ENVIRONMENT
from tests.zoo.process import Command, running
from tests.zoo.server import ZooServer

_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"
FRONT_ENVIRONMENT = {**ENVIRONMENT, "PATH": _PATH}

_HAPROXY = """\
defaults
    mode http
    timeout client 30s
    timeout server 30s
    timeout connect 5s
frontend zoo
    bind fd@{descriptor} ssl {keys} ssl-min-ver TLSv1.2 ciphers {ciphers} curves {groups}
    http-request return status 200
"""
_STUNNEL = """\
foreground = yes
debug = 6
pid =
[zoo]
accept = 127.0.0.1:0
connect = 127.0.0.1:1
cert = {chain}
key = {key}
sslVersionMin = TLSv1.2
ciphers = {ciphers}
curves = {groups}
CAfile = {client_ca}
verifyChain = yes
"""
_APACHE = """\
ServerRoot {directory}
LoadModule mpm_event_module {modules}/mod_mpm_event.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule ssl_module {modules}/mod_ssl.so
Listen 127.0.0.1:{port}
ServerName zoo.test
PidFile apache.pid
ErrorLog /dev/stderr
User nobody
Group nogroup
SSLEngine on
SSLCertificateFile {chain}
SSLCertificateKeyFile {key}
SSLProtocol -all +TLSv1.1 +TLSv1.2
SSLCipherSuite {ciphers}
SSLHonorCipherOrder on
SSLOpenSSLConfCmd Groups {groups}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """One server: how it starts, and the settings from which its truth follows."""

    name: str
    launch: Callable[[Front, Certificates, Path], AbstractContextManager[int]]
    settings: OpensslSettings

    @property
    def openssl_groups(self) -> str:
        """The groups, in the form of OpenSSL's lists."""
        names = {"x25519": "X25519", "secp256r1": "P-256"}
        return ":".join(names[name] for name in self.settings.groups)

    def start(self, certificates: Certificates, directory: Path) -> AbstractContextManager[int]:
        """Runs the server while the context lasts; yields its loopback port."""
        return self.launch(self, certificates, directory)


@contextmanager
def _haproxy(front: Front, certificates: Certificates, directory: Path) -> Iterator[int]:
    keys = []
    for one in front.settings.identities(certificates):
        both = directory / f"{one.key_type}.pem"
        both.write_bytes(one.chain_file.read_bytes() + one.key_file.read_bytes())
        keys.append(f"crt {both}")
    with socket.create_server(("127.0.0.1", 0), backlog=512) as listener:
        configuration = directory / "haproxy.cfg"
        configuration.write_text(
            _HAPROXY.format(
                descriptor=listener.fileno(),
                keys=" ".join(keys),
                ciphers=front.settings.ciphers,
                groups=front.openssl_groups,
            )
        )
        command = Command(
            arguments=["haproxy", "-db", "-V", "-f", str(configuration)],
            ready=r"^Using \w+\(\) as the polling mechanism",
            environment=FRONT_ENVIRONMENT,
            inherited_descriptors=[listener.fileno()],
        )
        with running(command, directory):
            yield listener.getsockname()[1]


@contextmanager
def _stunnel(front: Front, certificates: Certificates, directory: Path) -> Iterator[int]:
    (identity,) = front.settings.identities(certificates)
    configuration = directory / "stunnel.conf"
    configuration.write_text(
        _STUNNEL.format(
            chain=identity.chain_file,
            key=identity.key_file,
            ciphers=front.settings.ciphers,
            groups=front.openssl_groups,
            client_ca=certificates.client_ca_file,
        )
    )
    command = Command(
        arguments=["stunnel4", str(configuration)],
        ready=r"bound to 127\.0\.0\.1:(\d+)$",
        environment=FRONT_ENVIRONMENT,
    )
    with running(command, directory) as ready:
        yield int(ready[1])


@contextmanager
def _apache(front: Front, certificates: Certificates, directory: Path) -> Iterator[int]:
    (identity,) = front.settings.identities(certificates)
    port = free_port()
    configuration = directory / "apache.conf"
    configuration.write_text(
        _APACHE.format(
            directory=directory,
            modules="/usr/lib/apache2/modules",
            port=port,
            chain=identity.chain_file,
            key=identity.key_file,
            ciphers=front.settings.ciphers,
            groups=front.openssl_groups,
        )
    )
    command = Command(
        arguments=["apache2", "-D", "FOREGROUND", "-f", str(configuration)],
        ready="resuming normal operations",
        environment=FRONT_ENVIRONMENT,
    )
    with running(command, directory):
        yield port


_GROUPS = ("x25519", "secp256r1")

_CONFIGURATIONS = (
    Front(
        name="haproxy-two-keys",
        launch=_haproxy,
        settings=OpensslSettings(
            ciphers=(
                "ECDHE+aECDSA+AESGCM:ECDHE+aECDSA+CHACHA20:"
                "ECDHE+aRSA+AESGCM:ECDHE+aRSA+CHACHA20:AES128-GCM-SHA256"
            ),
            preference=Preference.SERVER,
            identities=lambda certificates: (certificates.rsa, certificates.ecdsa),
            groups=_GROUPS,
        ),
    ),
    Front(
        name="stunnel-client-certificate-required",
        launch=_stunnel,
        settings=OpensslSettings(
            ciphers="ECDHE+AESGCM:AES256-SHA256",
            groups=_GROUPS,
            client_auth=ClientAuthMode.REQUIRED,
            verifies_clients=Verdict.YES,
            ca_names=(CLIENT_CA_NAME,),
        ),
    ),
    Front(
        name="apache-tls11-and-tls12",
        launch=_apache,
        settings=OpensslSettings(
            ciphers="ECDHE+AES:DHE+AES:@SECLEVEL=0",
            preference=Preference.SERVER,
            versions=(ProtocolVersion.TLSV1_1, ProtocolVersion.TLSV1_2),
            groups=_GROUPS,
            fields=frozenset({"RFC 3526 group 14"}),
            alpn=frozenset({"http/1.1"}),
        ),
    ),
)

FRONT_SERVERS = tuple(
    ZooServer(name=item.name, start=item.start, truth=item.settings.truth)
    for item in _CONFIGURATIONS
)
