"""What real QUIC servers of three makers accept: quic-go in Caddy, aioquic, and ngtcp2 with GnuTLS.

The truth comes from each server's configuration. TLS over TCP on the same port is Caddy's own, or Python's with other
settings, so that the differences are known too.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from model.findings.finding import Outcome
from model.intrusiveness import Intrusiveness
from model.target import Endpoint, Target
from model.verdict import Fact, Verdict
from pki.net_guard.gate import SocketGate
from probe.budget import VisitBudget
from probe.checks.http.http3 import QUIC_FACTS
from probe.checks.part import Part
from probe.checks.quic.asking import MOST_QUESTIONS
from probe.connect.quic import carry_over_quic
from probe.crypto.quic_question import QuicQuestion, QuicReply
from probe.dialogue.answer import ConnectFailure, Ending, NoHello
from probe.quic.packet import VERSION_1
from probe.visit.settings import ProbeSettings
from tests.policy.observed import policy, results
from tests.probe.quic.peer import NONCE, OFFER
from tests.probe.quic.test_real_servers import caddy, quic_server
from tests.probe.recording.recorded import Recorded, record, replay
from tests.support.ports import free_port
from tests.zoo.certificates import Certificates, Identity
from tests.zoo.process import Command, running

pytestmark = pytest.mark.integration

YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN
_PARTS: Final = frozenset(
    {
        *(Part.VERSIONS, Part.SUITES, Part.GROUPS, Part.CERTIFICATES, Part.CLIENT_AUTH),
        Part.HTTP,
    }
)
_SETTINGS: Final = ProbeSettings(parts=_PARTS)
_ALL_SUITES: Final = {
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
}
_NOBODY: Final = NoHello(ending=Ending.SILENCE)


@asynccontextmanager
async def over_tcp(port: int, identity: Identity) -> AsyncIterator[None]:
    """TLS 1.3 over TCP with OpenSSL's suites, only P-256, and no request of a client certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.chain_file, identity.key_file)
    context.set_ecdh_curve("prime256v1")
    server = await asyncio.start_server(
        lambda _, writer: writer.close(), "127.0.0.1", port, ssl=context
    )
    try:
        yield
    finally:
        server.close()


async def visited(port: int, settings: ProbeSettings = _SETTINGS) -> Recorded:
    target = Target(host="127.0.0.1", port=port, server_name="zoo.test", labels={"http": "yes"})
    return await record(Endpoint(target=target, address="127.0.0.1"), settings)


def known(facts: Mapping[str, Fact]) -> dict[str, Verdict]:
    assert all(fact.evidence is not None for fact in facts.values())
    return {name: fact.verdict for name, fact in facts.items()}


def outcomes(recorded: Recorded) -> dict[str, Outcome]:
    """The rules on QUIC at this server."""
    rules = {
        "quic_same_as_tcp": {},
        "quic_allowed": {"groups": ["x25519", "secp256r1"]},
        "quic_post_quantum": {},
        "quic_early_data": {},
    }
    return {one.rule: one.outcome for one in results(recorded.observation, policy("quic", rules))}


def names(fact: Fact) -> set[str]:
    return set((fact.value or "").split(", "))


def chain_of(identity: Identity) -> str:
    """The SHA-256 of each certificate in the file."""
    found = x509.load_pem_x509_certificates(identity.chain_file.read_bytes())
    return ", ".join(hashlib.sha256(one.public_bytes(Encoding.DER)).hexdigest() for one in found)


async def test_caddy_accepts_the_same_over_quic_and_tcp(
    certificates: Certificates, tmp_path: Path
) -> None:
    """Caddy's default curves are x25519 and secp256r1; quic-go 0.29 has QUIC version 1 and permits early data."""
    with caddy(certificates, tmp_path, "h1 h2 h3") as port:
        recorded = await visited(port)
    quic = recorded.observation.quic
    assert known(quic) == {
        "quic_v1": YES,
        "quic_v2": NO,
        "quic_retry": NO,
        "quic_cipher_suites": YES,
        "quic_groups": YES,
        "quic_post_quantum": NO,
        "quic_alpn": YES,
        "quic_certificates": YES,
        "quic_client_certificate_requested": NO,
        "quic_early_data": YES,
        "quic_same_cipher_suites": YES,
        "quic_same_groups": YES,
        "quic_same_client_certificate_request": YES,
    }
    assert names(quic["quic_cipher_suites"]) == _ALL_SUITES
    assert names(quic["quic_groups"]) == {"x25519", "secp256r1"}
    assert quic["quic_alpn"].value == "h3"
    assert quic["quic_certificates"].value == chain_of(certificates.ecdsa)
    assert outcomes(recorded) == {
        "quic_same_as_tcp": Outcome.PASS,
        "quic_allowed": Outcome.PASS,
        "quic_post_quantum": Outcome.FAIL,
        "quic_early_data": Outcome.FAIL,
    }
    again = await replay(recorded.recording, _SETTINGS)
    assert again.quic == quic
    # Two versions, k + 1 questions for suites and for groups without the first, and one flight.
    asked = [one for one in recorded.recording.conversations if len(one.said[0]) >= 1200]
    assert len(asked) <= 12 < MOST_QUESTIONS
    assert all(len(one.said) <= 3 for one in asked), "the hello, an ACK in the flight, the goodbye"
    assert len({one.said[0] for one in asked}) == len(asked)


async def test_ngtcp2_sends_retry_and_requests_a_certificate_unlike_tcp(
    certificates: Certificates, tmp_path: Path
) -> None:
    port, identity = free_port(), certificates.rsa
    groups = "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP384R1"
    ciphers = "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-128-CCM"
    flags = ["--validate-addr", "--verify-client", f"--groups={groups}", f"--ciphers={ciphers}"]
    files = [str(identity.key_file), str(identity.chain_file)]
    arguments = ["stdbuf", "-oL", "gtlsserver", *flags, "127.0.0.1", str(port), *files]
    command = Command(arguments=arguments, ready="Using document root")
    with running(command, tmp_path):
        async with over_tcp(port, identity):
            recorded = await visited(port)
    quic = recorded.observation.quic
    assert known(quic) == {
        "quic_v1": YES,
        "quic_v2": NO,
        "quic_retry": YES,
        "quic_cipher_suites": YES,
        "quic_groups": YES,
        "quic_post_quantum": NO,
        "quic_alpn": YES,
        "quic_certificates": YES,
        "quic_client_certificate_requested": YES,
        "quic_same_cipher_suites": NO,
        "quic_same_groups": NO,
        "quic_same_client_certificate_request": NO,
    }
    assert names(quic["quic_cipher_suites"]) == {
        "TLS_AES_128_GCM_SHA256",
        "TLS_AES_128_CCM_SHA256",
    }
    assert names(quic["quic_groups"]) == {"x25519", "secp384r1"}
    assert quic["quic_certificates"].value == chain_of(identity)
    found = outcomes(recorded)
    assert found["quic_same_as_tcp"] is found["quic_allowed"] is Outcome.FAIL
    difference = "only over QUIC: secp384r1, x25519; only over TCP: secp256r1"
    assert quic["quic_same_groups"].value == difference
    assert quic["quic_same_client_certificate_request"].value == "only over QUIC"


async def test_aioquic_has_both_versions_and_needs_key_shares(certificates: Certificates) -> None:
    """aioquic has no HelloRetryRequest: groups without a key share of ours stay unknown."""
    async with quic_server(certificates, "h3") as port, over_tcp(port, certificates.rsa):
        recorded = await visited(port)
        careful = await visited(port, replace(_SETTINGS, intrusiveness=Intrusiveness.SAFE))
    assert careful.observation.quic == {}
    assert set(QUIC_FACTS) <= set(careful.observation.not_asked)
    quic = recorded.observation.quic
    assert {name: quic[name].verdict for name in ("quic_v1", "quic_v2", "quic_retry")} == {
        "quic_v1": YES,
        "quic_v2": YES,
        "quic_retry": NO,
    }
    assert names(quic["quic_cipher_suites"]) == _ALL_SUITES
    assert quic["quic_groups"].verdict is UNKNOWN
    assert names(quic["quic_groups"]) == {"x25519", "secp256r1"}
    assert quic["quic_post_quantum"].verdict is UNKNOWN
    assert quic["quic_same_cipher_suites"].verdict is YES
    assert quic["quic_certificates"].value == chain_of(certificates.rsa)


async def _carried(port: int, patience_seconds: float) -> QuicReply | ConnectFailure:
    question = QuicQuestion(OFFER, NONCE, VERSION_1)
    place = ("127.0.0.1", port)
    return await carry_over_quic(SocketGate(), place, question, patience_seconds, VisitBudget())


async def test_a_silent_port_gets_three_datagrams_and_is_unknown() -> None:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as silent:
        silent.bind(("127.0.0.1", 0))
        silent.settimeout(0)
        reply = await _carried(silent.getsockname()[1], 1.5)
        received = [silent.recv(2000) for _ in range(3)]
        with pytest.raises(BlockingIOError):
            silent.recv(2000)
    assert isinstance(reply, QuicReply)
    assert reply.answer == _NOBODY
    assert received == [reply.offered] * 3


async def test_a_closed_port_is_a_failure() -> None:
    reply = await _carried(free_port(), 5)
    assert isinstance(reply, ConnectFailure)
    assert "ICMP" in reply.detail
