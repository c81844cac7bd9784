"""Every rule on SSH has a real server that meets it and one that violates it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from model.clock import SystemClock
from model.findings.finding import Outcome
from model.observation import Observation
from model.target import Endpoint, Target
from policy import RULES
from policy.catalogue import RULES_BY_NAME
from policy.rule import Family, Subject
from probe.visit.engine import Engine
from tests.probe.ssh.servers import Keys, keygen, openssh, paramiko
from tests.zoo.visit import UNHURRIED

CASES: Final[Mapping[str, tuple[Mapping[str, Any], str, str]]] = {
    "ssh_algorithms": ({"ciphers": ["aes256-gcm@openssh.com"]}, "new", "old"),
    "ssh_terrapin": ({}, "new", "python"),
    "ssh_post_quantum": ({}, "new", "old"),
    "ssh_version_1": ({}, "new", "python"),
    "ssh_host_key_size": ({"only_rsa_bits": [3072, 4096]}, "new", "old"),
    "ssh_host_certificate_expiry": ({}, "new", "old"),
}
"""The parameters of each rule, and the servers whose configuration meets and violates it."""


def test_every_rule_of_ssh_has_its_servers() -> None:
    assert list(CASES) == [rule.name for rule in RULES if rule.family is Family.SSH]


@contextmanager
def openssh_with(directory: Path, bits: str, validity: str, *lines: str) -> Iterator[int]:
    """An sshd with a certified RSA key."""
    directory.mkdir()
    key, authority = Keys(directory=directory).make("rsa", "-b", bits), directory / "authority"
    keygen("-q", "-t", "ed25519", "-N", "", "-f", str(authority))
    keygen("-q", "-s", str(authority), "-h", "-I", "host", "-V", validity, f"{key}.pub")
    certified = (f"HostKey {key}", f"HostCertificate {key}-cert.pub")
    with openssh(directory, *certified, *lines) as port:
        yield port


@contextmanager
def servers(directory: Path) -> Iterator[Mapping[str, int]]:
    """The ports of the servers by name. paramiko 2.12 has no strict key exchange, and announces version 1 here."""
    gcm = "Ciphers aes256-gcm@openssh.com"
    weak = ("Ciphers aes256-ctr", "KexAlgorithms curve25519-sha256")
    python = directory / "python"
    python.mkdir()
    key = Keys(directory=python).make("ed25519")
    lists = {"ciphers": "aes128-cbc", "macs": "hmac-sha2-256-etm@openssh.com"}
    with ExitStack() as stack:
        yield {
            "new": stack.enter_context(
                openssh_with(directory / "new", "3072", "20200101000000Z:29990101000000Z", gcm)
            ),
            "old": stack.enter_context(
                openssh_with(directory / "old", "2048", "20200101000000Z:20210101000000Z", *weak)
            ),
            "python": stack.enter_context(
                paramiko(python, key, version="1.99", methods="ecdh-sha2-nistp256", **lists)
            ),
        }


async def visited(port: int) -> Observation:
    target = Target(host="127.0.0.1", port=port, server_name=None, protocol="ssh")
    engine = Engine(UNHURRIED, SystemClock())
    return await engine.visit(Endpoint(target=target, address="127.0.0.1"))


@pytest.mark.integration
async def test_every_rule_passes_on_one_real_server_and_fails_on_another(tmp_path: Path) -> None:
    with servers(tmp_path) as ports:
        seen = {name: await visited(port) for name, port in ports.items()}
    for name, (parameters, meets, breaks) in CASES.items():
        rule = RULES_BY_NAME[name]
        judge = rule.bind(rule.parameters.model_validate(parameters))
        for server, wanted in ((meets, Outcome.PASS), (breaks, Outcome.FAIL)):
            found = judge(Subject(observation=seen[server], at=datetime.now(UTC)))
            assert found.outcome is wanted, f"{name} on {server}: {found.observed}"
