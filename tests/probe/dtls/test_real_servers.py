"""DTLS on real servers: OpenSSL's s_server, and GnuTLS's behind a datagram relay."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from model.application_protocol import DTLS
from model.clock import SystemClock
from model.observation import ClientAuthMode, Observation, State
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Preference, Verdict
from probe.checks.part import USUAL_PARTS, Part
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.support.ports import free_port
from tests.zoo.certificates import Certificates
from tests.zoo.gnutls_servers import ISOLATED
from tests.zoo.openssl_words import ENVIRONMENT, suites
from tests.zoo.process import Command, running

pytestmark = pytest.mark.integration

DTLSV1_0, DTLSV1_2 = ProtocolVersion.DTLSV1_0, ProtocolVersion.DTLSV1_2
OF_RSA = "aRSA:kRSA:!PSK:!SRP:!RC4:!eNULL:@SECLEVEL=0"


@contextmanager
def s_server(option: str, certificates: Certificates, directory: Path) -> Iterator[int]:
    port = free_port()
    arguments = ["openssl", "s_server", option, "-accept", f"127.0.0.1:{port}"]
    arguments += ["-cipher", OF_RSA, "-cert", str(certificates.rsa.leaf_file)]
    arguments += ["-key", str(certificates.rsa.key_file)]
    # It ends with its standard input, so that is a pipe that is never closed.
    held_open = ["sh", "-c", 'mkfifo input && exec 3<>input && exec "$@" <&3', "sh"]
    command = Command(arguments=held_open + arguments, ready="ACCEPT", environment=ENVIRONMENT)
    with running(command, directory):
        yield port


@contextmanager
def gnutls(certificates: Certificates, directory: Path) -> Iterator[int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        descriptor = os.dup(listener.fileno())
    server = ["gnutls-serv", "--udp", "--port={port}", "--priority=NORMAL:+VERS-DTLS1.0"]
    server += [f"--x509certfile={certificates.ecdsa.chain_file}"]
    server += [f"--x509keyfile={certificates.ecdsa.key_file}"]
    command = Command(
        arguments=[sys.executable, str(ISOLATED), str(descriptor), "UDP", *server],
        ready="^relaying$",
        inherited_descriptors=[descriptor],
    )
    try:
        with running(command, directory):
            yield port
    finally:
        os.close(descriptor)


async def visited(port: int, parts: frozenset[Part] = USUAL_PARTS) -> Observation:
    target = Target(host="127.0.0.1", port=port, server_name="zoo.test", protocol=DTLS)
    settings = ProbeSettings(answer_timeout_seconds=2, deadline_seconds=8, parts=parts)
    return await Engine(settings, SystemClock()).visit(Endpoint(target=target, address="127.0.0.1"))


def verdicts(observation: Observation) -> dict[ProtocolVersion, Verdict]:
    return {version: fact.verdict for version, fact in observation.protocols.items()}


async def test_openssl_is_probed_completely(certificates: Certificates, tmp_path: Path) -> None:
    with s_server("-dtls", certificates, tmp_path) as port:
        observation = await visited(port)
    assert observation.state is State.TLS
    assert verdicts(observation) == {DTLSV1_0: Verdict.YES, DTLSV1_2: Verdict.YES}
    truth = suites(
        (ProtocolVersion.TLSV1_1, ProtocolVersion.TLSV1_2),
        OF_RSA,
        authentication=frozenset({"RSA"}),
        preference=Preference.CLIENT,
    )
    for counterpart, choice in truth.items():
        version = counterpart.over_datagrams
        assert version is not None
        assert observation.cipher_suites[version].complete
        assert set(observation.cipher_suites[version].accepted) == set(choice.accepted)
    (deployment,) = observation.own_certificates
    assert deployment.versions == (DTLSV1_0, DTLSV1_2)
    assert observation.client_auth[DTLSV1_2].mode is ClientAuthMode.NONE


async def test_a_version_that_openssl_refuses_is_proved_to_be_off(
    certificates: Certificates, tmp_path: Path
) -> None:
    with s_server("-dtls1_2", certificates, tmp_path) as port:
        observation = await visited(port)
    assert verdicts(observation) == {DTLSV1_0: Verdict.NO, DTLSV1_2: Verdict.YES}
    evidence = observation.protocols[DTLSV1_0].evidence
    assert evidence is not None
    assert evidence.answer == b"\x02\x46"


async def test_gnutls_requires_a_cookie_and_its_silence_is_not_a_refusal(
    certificates: Certificates, tmp_path: Path
) -> None:
    with gnutls(certificates, tmp_path) as port:
        observation = await visited(port, frozenset({Part.VERSIONS, Part.SUITES}))
    assert verdicts(observation) == {DTLSV1_0: Verdict.YES, DTLSV1_2: Verdict.YES}
    found = observation.cipher_suites[DTLSV1_2]
    assert found.accepted
    assert all("ECDSA" in name for name in found.accepted)
    assert not found.complete
    assert found.refusal is None or found.refusal.note == "no complete answer in time"


async def test_a_closed_port_gives_no_facts() -> None:
    observation = await visited(free_port())
    assert observation.state is State.REFUSED
    assert Verdict.NO not in verdicts(observation).values()
