"""Chains that are too long for an answer or for OpenSSL, or that no library reads, are shown nevertheless."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cryptography import x509

from model.certificates.certificate import Problem
from model.observation import ClientAuthMode, Observation
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Verdict
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.pki.certificates.making import SERVER_NAME, SERVER_NAMES, make
from tests.pki.certificates.scenarios import ROOT, Scenario
from tests.zoo.certificates import Certificates
from tests.zoo.deployments import served
from tests.zoo.hard_chain_server import NO_CERTIFICATE
from tests.zoo.process import Command, running
from tests.zoo.test_deployments import ClockOfTheCertificates

BOTH = (ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3)
PROGRAM = "tests.zoo.hard_chain_server"
HOUSE = Path(__file__).parents[2]


def of_length(length: int) -> Scenario:
    ballast = x509.UnrecognizedExtension(
        x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), bytes(length)
    )
    leaf = make("server", issuer=ROOT, names=SERVER_NAMES, hints=(ballast,))
    return Scenario(sent=(leaf,), anchors=(ROOT,))


def with_names(count: int) -> Scenario:
    names = (*SERVER_NAMES, *(x509.DNSName(f"n{number}.test") for number in range(count)))
    return Scenario(sent=(make("server", issuer=ROOT, names=names),), anchors=(ROOT,))


CHAINS = {
    "ten thousand names": with_names(10_000),
    "a megabyte": of_length(2**20),
}
TOO_LONG = {"two megabytes": of_length(2**21)}


async def seen(port: int, directory: Path) -> Observation:
    store = directory / "anchors.pem"
    store.write_bytes(ROOT.pem)
    engine = Engine(ProbeSettings(trust_stores={"own": store}), ClockOfTheCertificates())
    target = Target(host="127.0.0.1", port=port, server_name=SERVER_NAME)
    return await engine.visit(Endpoint(target=target, address="127.0.0.1"))


@pytest.mark.integration
@pytest.mark.parametrize("versions", ["TLSv1.2 TLSv1.3", "TLSv1.3"])
async def test_a_long_chain_is_stored_whole_at_every_version(versions: str, tmp_path: Path) -> None:
    with served(tmp_path, CHAINS, versions) as ports:
        for name, port in ports.items():
            found = await seen(port, tmp_path)
            (deployment,) = found.certificates
            assert deployment.leaf.der == CHAINS[name].sent[0].der, name
            assert deployment.versions == BOTH[-len(versions.split()) :], name
            assert (deployment.problems, found.reason) == ((), None), name
            assert deployment.trust["own"].verdict is Verdict.YES, name
            assert {one.mode for one in found.client_auth.values()} == {ClientAuthMode.NONE}, name


@pytest.mark.integration
async def test_a_chain_over_the_buffer_limit_is_reported(tmp_path: Path) -> None:
    with served(tmp_path, TOO_LONG) as ports:
        found = await seen(ports["two megabytes"], tmp_path)
    assert found.certificates == ()
    assert found.cost.bytes_received < 2**25
    assert found.reason is not None
    for version in BOTH:
        assert f"chain of {version.label}" in found.reason


@pytest.mark.integration
async def test_a_chain_that_openssl_does_not_accept_is_read_at_tls_1_3(
    certificates: Certificates, tmp_path: Path
) -> None:
    identity = certificates.rsa
    command = Command(
        arguments=[
            *(sys.executable, "-m", PROGRAM),
            *(str(identity.chain_file), str(identity.key_file)),
        ],
        ready=r"^listening on (\d+)$",
        environment={"PYTHONPATH": str(HOUSE)},
    )
    with running(command, tmp_path) as ready:
        found = await seen(int(ready[1]), tmp_path)
    (deployment,) = found.certificates
    leaf, other = deployment.chain
    assert leaf.sha256 == identity.chain.sha256s[0]
    assert other.der == NO_CERTIFICATE
    assert Problem.UNPARSABLE in deployment.problems
    assert found.client_auth[ProtocolVersion.TLSV1_3].mode is ClientAuthMode.NONE
