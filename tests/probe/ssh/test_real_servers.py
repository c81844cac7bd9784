"""The facts of real SSH servers are what their configurations say, within the limit of connections."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import asyncssh
import pytest

from model.clock import SystemClock
from model.judging.ssh import algorithms
from model.observation import Observation, State
from model.target import Endpoint, Target
from model.verdict import Verdict
from probe.checks.ssh.host_keys import MOST_CONNECTIONS
from probe.visit.engine import Engine
from tests.probe.recording.recorded import record, replay
from tests.probe.ssh.servers import (
    Keys,
    conch,
    dropbear,
    fingerprint,
    keygen,
    libssh,
    openssh,
    paramiko,
    sshesame,
    tinyssh,
)
from tests.zoo.visit import UNHURRIED

pytestmark = pytest.mark.integration

YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN


def endpoint(port: int) -> Endpoint:
    target = Target(host="127.0.0.1", port=port, server_name=None, protocol="ssh")
    return Endpoint(target=target, address="127.0.0.1")


async def visit(port: int) -> Observation:
    return await Engine(UNHURRIED, SystemClock()).visit(endpoint(port))


@contextmanager
def openssh_with_everything(directory: Path) -> Iterator[tuple[int, Mapping[str, Path]]]:
    """An sshd with a key of each type that it can have, and a host certificate that has expired."""
    keys = Keys(directory=directory)
    made = {
        "ed25519": keys.make("ed25519"),
        "ecdsa_p384": keys.make("ecdsa", "-b", "384"),
        "rsa": keys.make("rsa", "-b", "2048"),
    }
    authority = directory / "authority"
    keygen("-q", "-t", "ed25519", "-N", "", "-f", str(authority))
    validity = ("-V", "20200101000000Z:20210101000000Z")
    host = ("-h", "-I", "host", "-n", "ssh.example", *validity)
    keygen("-q", "-s", str(authority), *host, f"{made['ed25519']}.pub")
    lines = [f"HostKey {key}" for key in made.values()]
    with openssh(
        directory,
        *lines,
        f"HostCertificate {made['ed25519']}-cert.pub",
        "KexAlgorithms curve25519-sha256,diffie-hellman-group14-sha256",
        "Ciphers aes256-gcm@openssh.com,chacha20-poly1305@openssh.com",
        "MACs hmac-sha2-512",
    ) as port:
        yield port, made | {"authority": authority}


async def test_openssh_shows_its_lists_and_proves_each_key(tmp_path: Path) -> None:
    with openssh_with_everything(tmp_path) as (port, keys):
        seen = await visit(port)
    facts = seen.ssh
    assert (seen.state, seen.reason) == (State.SSH, None)
    assert seen.cost.connections <= MOST_CONNECTIONS
    methods = (facts["kex_algorithms"].value or "").split(",")
    assert methods[:2] == ["curve25519-sha256", "diffie-hellman-group14-sha256"]
    for direction in ("client_to_server", "server_to_client"):
        ciphers = facts[f"encryption_algorithms_{direction}"].value
        assert ciphers == "aes256-gcm@openssh.com,chacha20-poly1305@openssh.com"
        assert facts[f"mac_algorithms_{direction}"].value == "hmac-sha2-512"
    for name in ("ed25519", "ecdsa_p384", "rsa"):
        key = facts[f"host_key_{name}"]
        assert (key.verdict, key.value) == (YES, fingerprint(keys[name]))
    certificate = facts["host_key_ed25519_certificate"]
    authority = fingerprint(keys["authority"]).split()[1]
    assert certificate.verdict is YES
    assert certificate.value == f"{fingerprint(keys['ed25519'])} for ssh.example, CA {authority}"
    assert facts["host_key_ed25519_certificate_ends"].value == "2021-01-01T00:00:00Z"
    signature = facts["host_key_ed25519_certificate_signature"]
    by_authority = f"ssh-ed25519 256 {authority}, ssh-ed25519"
    assert (signature.verdict, signature.value) == (YES, by_authority)
    assert {name: facts[f"host_key_{name}"].verdict for name in ("dsa", "ecdsa_p256", "ed448")} == {
        "dsa": NO,
        "ecdsa_p256": NO,
        "ed448": NO,
    }
    assert facts["post_quantum_offered"].verdict is NO
    assert facts["post_quantum_key_exchange"].verdict is NO
    assert facts["version_1"].verdict is NO


@pytest.mark.parametrize(
    "method",
    [
        "curve25519-sha256@libssh.org",
        "ecdh-sha2-nistp256",
        "ecdh-sha2-nistp384",
        "ecdh-sha2-nistp521",
        "diffie-hellman-group14-sha1",
        "diffie-hellman-group14-sha256",
    ],
)
async def test_each_method_proves_the_host_key(tmp_path: Path, method: str) -> None:
    key = Keys(directory=tmp_path).make("ed25519")
    with openssh(tmp_path, f"HostKey {key}", f"KexAlgorithms {method}") as port:
        facts = (await visit(port)).ssh
    assert facts["host_key_ed25519"].verdict is YES
    assert facts["host_key_ed25519"].value == fingerprint(key)


async def test_a_key_is_unknown_if_no_method_can_be_finished(tmp_path: Path) -> None:
    key = Keys(directory=tmp_path).make("ed25519")
    with openssh(tmp_path, f"HostKey {key}", "KexAlgorithms sntrup761x25519-sha512") as port:
        seen = await visit(port)
    key_fact = seen.ssh["host_key_ed25519"]
    assert (seen.state, key_fact.verdict, key_fact.value) == (State.SSH, UNKNOWN, None)
    assert key_fact.evidence is not None
    assert (key_fact.evidence.note or "").startswith("no key exchange that tlsprobe can finish")
    assert seen.ssh["post_quantum_offered"].value == "sntrup761x25519-sha512"
    assert seen.ssh["post_quantum_key_exchange"].verdict is UNKNOWN


async def test_a_replay_finds_the_same_facts(tmp_path: Path) -> None:
    with openssh_with_everything(tmp_path) as (port, _):
        recorded = await record(endpoint(port), UNHURRIED)
    again = await replay(recorded.recording, UNHURRIED)
    assert again.ssh == recorded.observation.ssh
    assert again.state is State.SSH


async def test_dropbear_proves_its_key(tmp_path: Path) -> None:
    with dropbear(tmp_path) as (port, key):
        seen = await visit(port)
    assert seen.state is State.SSH
    assert (seen.ssh["identification"].value or "").startswith("SSH-2.0-dropbear")
    assert seen.ssh["host_key_ed25519"].value == fingerprint(key)
    assert seen.ssh["host_key_ed25519"].verdict is YES
    # It lists RSA without such a key, and ends with a failed assertion when a client agrees to it.
    assert seen.ssh["host_key_rsa"].verdict is UNKNOWN
    assert seen.ssh["host_key_dsa"].verdict is NO


async def test_asyncssh_finishes_a_post_quantum_exchange() -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    methods = ["mlkem768x25519-sha256", "curve25519-sha256"]
    server = await asyncssh.listen("127.0.0.1", 0, server_host_keys=[key], kex_algs=methods)
    async with server:
        facts = (await visit(server.get_port())).ssh
    assert facts["post_quantum_offered"].value == "mlkem768x25519-sha256"
    assert facts["post_quantum_key_exchange"].verdict is YES
    assert facts["host_key_ed25519"].value == f"256 {key.get_fingerprint()}"


LISTS = {
    "ciphers": "aes256-ctr,aes128-cbc",
    "macs": "hmac-sha2-256,hmac-sha1",
    "methods": "ecdh-sha2-nistp256,diffie-hellman-group14-sha1",
}


# libssh 0.10.6 was the first release with strict key exchange; Debian's releases of the others have none.
@pytest.mark.parametrize(
    ("server", "is_strict"), [(paramiko, NO), (conch, NO), (libssh, YES), (sshesame, NO)]
)
async def test_servers_show_their_lists_and_prove_their_key(
    server: Callable[..., AbstractContextManager[int]], is_strict: Verdict, tmp_path: Path
) -> None:
    key = Keys(directory=tmp_path).make("ed25519")
    with server(tmp_path, key, **LISTS) as port:
        facts = (await visit(port)).ssh
    for direction in ("client_to_server", "server_to_client"):
        assert facts[f"encryption_algorithms_{direction}"].value == LISTS["ciphers"]
        assert facts[f"mac_algorithms_{direction}"].value == LISTS["macs"]
    assert algorithms(facts, "key_exchange") == tuple(LISTS["methods"].split(","))
    assert facts["host_key_ed25519"].value == fingerprint(key)
    assert facts["host_key_ed25519"].verdict is YES
    assert facts["strict_key_exchange"].verdict is is_strict
    # CBC without encrypt-then-MAC is not vulnerable.
    assert facts["terrapin"].verdict is NO


@pytest.mark.parametrize(
    ("options", "post_quantum"), [((), "sntrup761x25519-sha512@openssh.com"), (("-P",), None)]
)
async def test_tinyssh_has_the_algorithms_of_its_manual(
    tmp_path: Path, options: tuple[str, ...], post_quantum: str | None
) -> None:
    """Its option -P turns post-quantum key exchange off; release 20230101 has no strict key exchange."""
    with tinyssh(tmp_path, *options) as (port, key):
        facts = (await visit(port)).ssh
    assert "curve25519-sha256" in (algorithms(facts, "key_exchange") or ())
    assert algorithms(facts, "ciphers") == ("chacha20-poly1305@openssh.com",)
    assert facts["host_key_ed25519"].value == fingerprint(key)
    assert facts["host_key_ed25519"].verdict is YES
    assert facts["host_key_rsa"].verdict is NO
    assert facts["post_quantum_offered"].value == post_quantum
    assert facts["post_quantum_offered"].verdict is (YES if post_quantum else NO)
    assert facts["terrapin"].verdict is YES
    assert facts["version_1"].verdict is NO
