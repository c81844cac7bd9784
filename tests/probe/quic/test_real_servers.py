"""HTTP/3 on a real Caddy, and other answers of a UDP port."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from aioquic.asyncio.server import serve
from aioquic.quic.configuration import QuicConfiguration

from model.clock import SystemClock
from model.observation import Observation
from model.target import Endpoint, Target
from model.verdict import Verdict
from pki.net_guard.gate import SocketGate
from probe.budget import VisitBudget
from probe.checks.part import Part
from probe.connect.quic import ask_quic
from probe.quic.answer import QuicEnd
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.support.ports import free_port
from tests.zoo.certificates import Certificates
from tests.zoo.process import Command, running

pytestmark = pytest.mark.integration

NONCE = bytes(range(64))
_CADDYFILE = """\
{{
    admin off
    auto_https off
    servers {{
        protocols {protocols}
    }}
}}
https://127.0.0.1:{port}, https://zoo.test:{port} {{
    bind 127.0.0.1
    tls {chain} {key}
    respond ok
}}
"""


@contextmanager
def caddy(certificates: Certificates, directory: Path, protocols: str) -> Iterator[int]:
    port = free_port()
    configuration = directory / "Caddyfile"
    identity = certificates.ecdsa
    text = _CADDYFILE.format(
        port=port, protocols=protocols, chain=identity.chain_file, key=identity.key_file
    )
    configuration.write_text(text)
    arguments = ["caddy", "run", "--config", str(configuration), "--adapter", "caddyfile"]
    home = {"HOME": str(directory), "XDG_DATA_HOME": str(directory)}
    command = Command(arguments=arguments, ready="serving initial configuration", environment=home)
    with running(command, directory):
        yield port


async def visited(port: int) -> Observation:
    target = Target(host="127.0.0.1", port=port, server_name="zoo.test", labels={"http": "yes"})
    parts = frozenset({Part.VERSIONS, Part.SUITES, Part.CERTIFICATES, Part.FEATURES, Part.HTTP})
    engine = Engine(ProbeSettings(parts=parts), SystemClock())
    return await engine.visit(Endpoint(target=target, address="127.0.0.1"))


async def test_http3_is_found_with_its_versions_and_certificate(
    certificates: Certificates, tmp_path: Path
) -> None:
    with caddy(certificates, tmp_path, "h1 h2 h3") as port:
        observation = await visited(port)
    http = observation.http
    assert http["http3"].verdict is Verdict.YES
    assert "v1" in (http["http3"].value or "")
    (deployment,) = observation.own_certificates
    assert http["http3_certificate"].verdict is Verdict.YES
    assert http["http3_certificate"].value == deployment.leaf.sha256
    assert http["http3_advertised"].verdict is Verdict.YES
    assert http["http2"].verdict is Verdict.YES


async def test_a_closed_udp_port_has_no_http3(certificates: Certificates, tmp_path: Path) -> None:
    with caddy(certificates, tmp_path, "h1 h2") as port:
        observation = await visited(port)
    assert observation.http["http3"].verdict is Verdict.NO
    assert observation.http["http3_advertised"].verdict is Verdict.NO


@asynccontextmanager
async def quic_server(certificates: Certificates, *protocols: str) -> AsyncIterator[int]:
    configuration = QuicConfiguration(is_client=False, alpn_protocols=list(protocols))
    configuration.load_cert_chain(certificates.rsa.chain_file, certificates.rsa.key_file)
    port = free_port()
    server = await serve("127.0.0.1", port, configuration=configuration)
    try:
        yield port
    finally:
        server.close()


async def test_another_protocol_over_quic_is_not_http3(certificates: Certificates) -> None:
    async with quic_server(certificates, "doq") as port:
        answer = await ask_quic(
            SocketGate(), ("127.0.0.1", port), "zoo.test", NONCE, 5.0, VisitBudget()
        )
    assert answer.end is QuicEnd.DECLINED
    assert answer.versions


async def test_silence_proves_nothing_about_http3() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        place = ("127.0.0.1", silent.getsockname()[1])
        answer = await ask_quic(SocketGate(), place, "zoo.test", NONCE, 0.6, VisitBudget())
        first = silent.recv(2000)
    assert answer.end is QuicEnd.SILENCE
    assert first == answer.asked
