"""The facts of real OpenVPN servers are what their configurations say; what silence hides is unknown."""

from __future__ import annotations

import asyncio
import socket
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from model.clock import SystemClock
from model.observation import ClientAuthMode, Observation, State
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Verdict
from probe.checks.part import Part
from probe.checks.plaintext.control_channel import CONTROL_CHANNEL
from probe.openvpn.packet import ControlPacket, Opcode
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.probe.openvpn.servers import TCP, UDP, openvpn, static_key
from tests.probe.recording.recorded import record, replay
from tests.zoo.certificates import Certificates
from tests.zoo.visit import UNHURRIED

pytestmark = pytest.mark.integration

YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN
TLS12, TLS13 = ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3
PROTOCOLS: Final = {TCP: "openvpn", UDP: "openvpn-udp"}
PASSWORDS: Final = "auth-user-pass-verify /bin/true via-env\nscript-security 3"
"""OpenVPN refuses to run without client certificates unless something else identifies its users."""

QUICK: Final = frozenset({Part.VERSIONS, Part.PLAINTEXT, Part.CERTIFICATES, Part.CLIENT_AUTH})
"""Few questions: each hello that a server refuses over UDP takes seconds."""


def endpoint(port: int, transport: str) -> Endpoint:
    protocol = PROTOCOLS[transport]
    target = Target(host="127.0.0.1", port=port, server_name="www.zoo.example", protocol=protocol)
    return Endpoint(target=target, address="127.0.0.1")


async def visit(port: int, transport: str, settings: ProbeSettings = UNHURRIED) -> Observation:
    return await Engine(settings, SystemClock()).visit(endpoint(port, transport))


async def test_each_check_runs_over_tcp(certificates: Certificates, tmp_path: Path) -> None:
    lines = (
        "tls-version-min 1.2",
        "tls-cipher TLS-ECDHE-ECDSA-WITH-AES-256-GCM-SHA384:TLS-ECDHE-RSA-WITH-AES-256-GCM-SHA384",
        "tls-ciphersuites TLS_AES_256_GCM_SHA384",
        "tls-groups secp384r1:X25519",
        f"verify-client-cert none\n{PASSWORDS}",
    )
    with openvpn(certificates, tmp_path, TCP, *lines) as port:
        recorded = await record(endpoint(port, TCP), UNHURRIED)
    seen = recorded.observation
    assert seen.state is State.TLS
    found = {version: fact.verdict for version, fact in seen.protocols.items()}
    assert {version for version, verdict in found.items() if verdict is YES} == {TLS12, TLS13}
    assert UNKNOWN not in found.values()
    suites = {version: set(one.accepted) for version, one in seen.cipher_suites.items()}
    assert suites[TLS13] == {"TLS_AES_256_GCM_SHA384"}
    assert suites[TLS12] <= {
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    }
    assert set(seen.groups[TLS13].accepted) == {"secp384r1", "x25519"}
    assert all(one.complete for one in (*seen.cipher_suites.values(), seen.groups[TLS13]))
    assert {one.mode for one in seen.client_auth.values()} == {ClientAuthMode.NONE}
    assert seen.certificates
    fact = seen.plaintext[CONTROL_CHANNEL]
    assert (fact.verdict, set(seen.plaintext)) == (NO, {CONTROL_CHANNEL})
    assert fact.evidence is not None
    answer = ControlPacket.decode((fact.evidence.answer or b"")[2:])
    assert answer.opcode is Opcode.HARD_RESET_SERVER_V2
    again = await replay(recorded.recording, UNHURRIED)
    for section in ("protocols", "cipher_suites", "groups", "client_auth", "plaintext", "features"):
        assert getattr(again, section) == getattr(seen, section), section


async def test_a_required_client_certificate_is_a_fact(
    certificates: Certificates, tmp_path: Path
) -> None:
    lines = ("tls-version-min 1.2", "verify-client-cert require")
    with openvpn(certificates, tmp_path, TCP, *lines) as port:
        seen = await visit(port, TCP)
    assert {one.mode for one in seen.client_auth.values()} == {ClientAuthMode.REQUIRED}
    assert {one.ca_names for one in seen.client_auth.values()} == {("CN=zoo client CA",)}


async def test_with_tls13_alone_a_close_after_the_handshake_proves_no_requirement(
    certificates: Certificates, tmp_path: Path
) -> None:
    lines = ("tls-version-min 1.3", "verify-client-cert require")
    with openvpn(certificates, tmp_path, TCP, *lines) as port:
        seen = await visit(port, TCP)
    found = {version: fact.verdict for version, fact in seen.protocols.items()}
    assert {version for version, verdict in found.items() if verdict is YES} == {TLS13}
    assert found[TLS12] is NO
    assert seen.client_auth[TLS13].mode is ClientAuthMode.UNKNOWN
    assert seen.client_auth[TLS13].ca_names == ("CN=zoo client CA",)


@pytest.mark.slow
async def test_versions_and_certificates_are_proved_over_udp(
    certificates: Certificates, tmp_path: Path
) -> None:
    lines = ("tls-version-min 1.2", f"verify-client-cert optional\n{PASSWORDS}")
    with openvpn(certificates, tmp_path, UDP, *lines) as port:
        seen = await visit(port, UDP, replace(UNHURRIED, parts=QUICK))
    found = {version: fact.verdict for version, fact in seen.protocols.items()}
    assert (found[TLS12], found[TLS13]) == (YES, YES)
    # OpenVPN 2.6 does not answer the hello that it refuses, and silence proves nothing.
    assert NO not in found.values()
    assert {one.mode for one in seen.client_auth.values()} == {ClientAuthMode.REQUESTED}
    assert seen.certificates
    assert seen.plaintext[CONTROL_CHANNEL].verdict is NO
    assert seen.cost.connections <= 5 * (seen.cost.duration_seconds + 1)


@pytest.mark.parametrize("transport", [TCP, UDP])
@pytest.mark.parametrize("option", ["tls-auth", "tls-crypt"])
async def test_a_key_before_tls_leaves_everything_unknown(
    certificates: Certificates, tmp_path: Path, transport: str, option: str
) -> None:
    direction = " 0" if option == "tls-auth" else ""
    line = f"{option} {static_key(tmp_path)}{direction}"
    settings = replace(UNHURRIED, greeting_timeout_seconds=0.3)
    with openvpn(certificates, tmp_path, transport, line) as port:
        seen = await visit(port, transport, settings)
    assert seen.state is (State.REFUSED if transport == TCP else State.TIMEOUT)
    assert "a server with tls-auth or tls-crypt does not answer" in (seen.reason or "")
    assert {fact.verdict for fact in seen.protocols.values()} <= {UNKNOWN}
    assert seen.plaintext[CONTROL_CHANNEL].verdict is UNKNOWN
    assert seen.cost.connections <= 8


async def test_nothing_listens_on_the_udp_port() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    seen = await visit(port, UDP)
    assert seen.state is State.REFUSED
    assert "ICMP port unreachable" in (seen.reason or "")


async def test_wireguard_is_sent_nothing() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.setblocking(False)
        port = listening.getsockname()[1]
        target = Target(host="127.0.0.1", port=port, server_name=None, protocol="wireguard")
        where = Endpoint(target=target, address="127.0.0.1")
        seen = await Engine(UNHURRIED, SystemClock()).visit(where)
        await asyncio.sleep(0)
        with pytest.raises(BlockingIOError):
            listening.recv(1)
    assert seen.state is State.DENIED
    assert "WireGuard answers only clients whose public key it knows" in (seen.reason or "")
    assert (seen.cost.connections, seen.cost.bytes_sent) == (0, 0)
    assert {fact.verdict for fact in seen.protocols.values()} <= {UNKNOWN}
