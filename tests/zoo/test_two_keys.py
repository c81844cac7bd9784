"""Servers with two keys of kinds that share their suites: each chain is found at no additional cost."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from model.certificates.certificate import KeyType
from model.clock import SystemClock
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from probe.checks.part import Part
from probe.visit.engine import Engine
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import Certificates
from tests.zoo.openssl_words import ENVIRONMENT
from tests.zoo.process import Command, running
from tests.zoo.truth import SERVER_NAME
from tests.zoo.visit import UNHURRIED, visit

PARTS = frozenset({Part.VERSIONS, Part.SUITES, Part.CERTIFICATES, Part.SIGNATURES})
KEYS = {
    KeyType.RSA: ("rsa:2048",),
    KeyType.RSA_PSS: ("rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"),
    KeyType.ECDSA: ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
    KeyType.ED25519: ("ed25519",),
    KeyType.ED448: ("ed448",),
}
PAIRS = [
    (KeyType.RSA, KeyType.RSA_PSS),
    (KeyType.ECDSA, KeyType.ED25519),
    (KeyType.ED448, KeyType.ED25519),
]
VERSIONS = {ProtocolVersion.TLSV1_2: "-tls1_2", ProtocolVersion.TLSV1_3: "-tls1_3"}


def make_key(key_type: KeyType, prefix: str, directory: Path) -> list[str]:
    """A key with its self-signed certificate, as options of s_server."""
    key, certificate = directory / f"{key_type}.key", directory / f"{key_type}.pem"
    command = ["openssl", "req", "-x509", "-nodes", "-newkey", *KEYS[key_type]]
    command += ["-subj", f"/CN={key_type}", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return [f"{prefix}cert", str(certificate), f"{prefix}key", str(key)]


@pytest.mark.integration
@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.label)
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
async def test_each_key_is_found(
    pair: tuple[KeyType, KeyType], version: ProtocolVersion, tmp_path: Path
) -> None:
    one, other = pair
    command = Command(
        arguments=[
            *("openssl", "s_server", "-accept", "127.0.0.1:0", "-www", VERSIONS[version]),
            *make_key(one, "-", tmp_path),
            *make_key(other, "-d", tmp_path),
        ],
        ready=r"^ACCEPT 127\.0\.0\.1:(\d+)$",
        environment=ENVIRONMENT,
    )
    with running(command, tmp_path) as ready:
        target = Target(host="127.0.0.1", port=int(ready[1]), server_name=SERVER_NAME)
        engine = Engine(replace(UNHURRIED, parts=PARTS), SystemClock())
        seen = await engine.visit(Endpoint(target=target, address="127.0.0.1"))
    assert {(found.key_type, found.versions) for found in seen.certificates} == {
        (one, (version,)),
        (other, (version,)),
    }


@pytest.mark.integration
async def test_at_tls_1_2_two_chains_cost_no_extra_connection(
    certificates: Certificates, tmp_path: Path
) -> None:
    (server,) = (server for server in SERVERS if server.name == "nginx-tls12-only")
    counts = []
    for number, parts in enumerate((PARTS, PARTS - {Part.CERTIFICATES})):
        directory = tmp_path / str(number)
        directory.mkdir()
        seen = await visit(server, certificates, directory, parts)
        counts.append(seen.connections_seen)
    assert counts[0] == counts[1]
