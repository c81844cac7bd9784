"""Traefik on a current Go, with suites and a post-quantum group of ours.

Of its documented defaults (doc.traefik.io, "TLS Options") it has ``alpnProtocols``, of which ``acme-tls/1`` is
only for the names of a challenge in progress (RFC 8737). Go decides the rest: since Go 1.17 the order of
``cipherSuites`` does not count, since Go 1.24 that of ``curvePreferences`` (Config.CurvePreferences), and since
Go 1.25 nothing is signed with SHA-1 (release notes of Go 1.25, crypto/tls).
"""

from __future__ import annotations

import shutil
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from model.certificates.certificate import KeyType
from model.protocol_version import ProtocolVersion
from tests.support.ports import free_port
from tests.zoo.certificates import Certificates
from tests.zoo.languages.go import SIGNATURES, GoSettings
from tests.zoo.process import (
    READY_WITHIN_SECONDS,
    Command,
    ServerDidNotStartError,
    running,
)
from tests.zoo.server import ZooServer

_SUITES: Final = (
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
)
"""In Go's order; the configuration has the reverse."""

_PAUSE_SECONDS: Final = 0.02
_STATIC: Final = """\
entryPoints:
  zoo:
    address: 127.0.0.1:{port}
    http: {{tls: {{}}}}
providers:
  file: {{filename: {dynamic}}}
global: {{checkNewVersion: false, sendAnonymousUsage: false}}
log: {{level: INFO}}
"""
_DYNAMIC: Final = """\
http:
  routers:
    zoo: {{rule: "PathPrefix(`/`)", service: noop@internal}}
tls:
  stores:
    default: {{defaultCertificate: {{certFile: {chain}, keyFile: {key}}}}}
  options:
    default:
      minVersion: VersionTLS12
      cipherSuites: [{suites}]
      curvePreferences: [X25519MLKEM768, X25519, CurveP256]
"""


@contextmanager
def _start(certificates: Certificates, directory: Path) -> Iterator[int]:
    one, port = certificates.rsa, free_port()
    static, dynamic = directory / "traefik.yml", directory / "dynamic.yml"
    static.write_text(_STATIC.format(port=port, dynamic=dynamic))
    dynamic.write_text(
        _DYNAMIC.format(chain=one.chain_file, key=one.key_file, suites=", ".join(reversed(_SUITES)))
    )
    program = shutil.which("traefik", path=str(Path(sys.executable).parent)) or "traefik"
    command = Command(
        arguments=[program, f"--configFile={static}"], ready="Starting provider.*file"
    )
    with running(command, directory):
        _wait_for_tls(port)
        yield port


def _wait_for_tls(port: int) -> None:
    """Traefik listens before it has read how to answer, and prints nothing when it has."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    ends = time.monotonic() + READY_WITHIN_SECONDS
    while True:
        try:
            with (
                socket.create_connection(("127.0.0.1", port), timeout=5.0) as plain,
                context.wrap_socket(plain),
            ):
                return
        except OSError as error:
            if time.monotonic() > ends:
                raise ServerDidNotStartError(f"Traefik does not speak TLS: {error}") from error
            time.sleep(_PAUSE_SECONDS)


TRAEFIK_SERVERS = (
    ZooServer(
        name="traefik-post-quantum",
        start=_start,
        truth=GoSettings(
            identity=lambda certificates: certificates.rsa,
            earlier=(ProtocolVersion.TLSV1_2,),
            suites=_SUITES,
            groups=("X25519MLKEM768", "x25519", "secp256r1"),
            signatures={KeyType.RSA: SIGNATURES[KeyType.RSA][:-1]},
            alpn=frozenset({"h2", "http/1.1"}),
        ).truth,
    ),
)
