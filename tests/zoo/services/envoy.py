"""Envoy on BoringSSL: its own defaults, with a post-quantum group.

Its API says which versions, suites and signature algorithms are the defaults of a server, and that the two
suites in one pair of brackets count as equal (TlsParameters in extensions/transport_sockets/tls/v3/common.proto).
BoringSSL follows the client within a pair, and for the suites of TLS 1.3 while AES is in hardware
(ssl_choose_tls13_cipher in its ssl/s3_both.cc); for all else the server's order decides, signatures included
(tls1_choose_signature_algorithm in its ssl/extensions.cc).
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from model.certificates.certificate import KeyType
from model.protocol_version import ProtocolVersion
from model.verdict import Preference
from tests.support.ports import free_port
from tests.zoo.certificates import Certificates
from tests.zoo.choice import Choice
from tests.zoo.key_exchanges import KeyExchanges, curves_and_fields, signatures
from tests.zoo.process import Command, running
from tests.zoo.server import ZooServer
from tests.zoo.truth import Truth

_TLSV1_2, _TLSV1_3 = ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3
_TYPES: Final = "type.googleapis.com/envoy.extensions"
_CONFIGURATION: Final = """\
static_resources:
  listeners:
  - address: {{socket_address: {{address: 127.0.0.1, port_value: {port}}}}}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": {types}.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: zoo
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {{"@type": {types}.filters.http.router.v3.Router}}
          route_config:
            virtual_hosts:
            - name: zoo
              domains: ["*"]
              routes: [{{match: {{prefix: /}}, direct_response: {{status: 200}}}}]
      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": {types}.transport_sockets.tls.v3.DownstreamTlsContext
          common_tls_context:
            tls_params: {{ecdh_curves: [X25519MLKEM768, X25519, P-256]}}
            tls_certificates:
            - certificate_chain: {{filename: {chain}}}
              private_key: {{filename: {key}}}
"""
_GROUPS: Final = ("X25519MLKEM768", "x25519", "secp256r1")
_SUITES: Final = (
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
)
"""In the order for a client that puts ChaCha20 last."""

_TLS13_SUITES: Final = (
    *("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"),
)
_SIGNATURES: Final = {
    KeyType.RSA: (
        *("rsa_pss_rsae_sha256", "rsa_pkcs1_sha256", "rsa_pss_rsae_sha384", "rsa_pkcs1_sha384"),
        *("rsa_pss_rsae_sha512", "rsa_pkcs1_sha512", "rsa_pkcs1_sha1"),
    ),
}


@contextmanager
def _start(certificates: Certificates, directory: Path) -> Iterator[int]:
    one, port = certificates.rsa, free_port()
    configuration = directory / "envoy.yaml"
    configuration.write_text(
        _CONFIGURATION.format(port=port, types=_TYPES, chain=one.chain_file, key=one.key_file)
    )
    program = shutil.which("envoy", path=str(Path(sys.executable).parent)) or "envoy"
    command = Command(
        arguments=[
            *(program, "--config-path", str(configuration)),
            *("--concurrency", "1", "--disable-hot-restart"),
        ],
        ready="starting main dispatch loop",
    )
    with running(command, directory):
        yield port


def _truth(certificates: Certificates) -> Truth:
    key = certificates.rsa
    accepted = {
        _TLSV1_2: Choice.of(_SUITES, Preference.SERVER),
        _TLSV1_3: Choice.of(_TLS13_SUITES, Preference.CLIENT),
    }
    return Truth(
        cipher_suites=accepted,
        groups=Choice.of(_GROUPS, Preference.SERVER),
        chains={key.key_type: key.chain},
        key_exchanges=KeyExchanges(
            groups=curves_and_fields(accepted, _GROUPS[1:], preference=Preference.SERVER),
            schemes=signatures(accepted, [key.key_type], _SIGNATURES, Preference.SERVER),
        ),
        alpn=frozenset(),
    )


ENVOY_SERVERS = (ZooServer(name="envoy-post-quantum", start=_start, truth=_truth),)
