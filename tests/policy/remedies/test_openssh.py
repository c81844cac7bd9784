"""Lines for sshd_config: sshd accepts them, and they resolve the findings on a real server."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.clock import SystemClock
from model.findings.finding import Outcome, RuleResult
from model.observation import Observation
from model.target import Endpoint, Target
from policy import Policy, assess, profile
from policy.remediation import SERVERS, demands_of, remedy
from policy.remediation.ssh_demands import SshDemands
from probe.visit.engine import Engine
from tests.policy.remedies.weak_servers import applied
from tests.probe.ssh.servers import Keys, openssh
from tests.zoo.visit import UNHURRIED

WEAK = (
    "KexAlgorithms curve25519-sha256,diffie-hellman-group14-sha1,ecdh-sha2-nistp384",
    "HostKeyAlgorithms ssh-ed25519,rsa-sha2-512,ssh-rsa",
    "Ciphers aes256-gcm@openssh.com,aes128-cbc,3des-cbc",
    "MACs hmac-sha2-256,hmac-sha1,hmac-md5",
)
PROFILES = ("mozilla-openssh", "cnsa-1.0-ssh")
NAMES = st.lists(
    st.sampled_from([*"abcdefgh", "x-cbc", "chacha20-poly1305@openssh.com"]), unique=True
)


async def visited(port: int) -> Observation:
    target = Target(host="127.0.0.1", port=port, server_name=None, protocol="ssh")
    return await Engine(UNHURRIED, SystemClock()).visit(
        Endpoint(target=target, address="127.0.0.1")
    )


def violations(observation: Observation, policies: Sequence[Policy]) -> Mapping[str, RuleResult]:
    results = assess(observation, policies, datetime.now(UTC)).results
    return {one.rule: one for one in results if one.outcome is Outcome.FAIL}


@pytest.mark.integration
@pytest.mark.parametrize("name", PROFILES)
async def test_the_lines_resolve_the_findings(name: str, tmp_path: Path) -> None:
    policies = (profile(name),)
    keys = Keys(directory=tmp_path)
    short = f"HostKey {keys.make('rsa', '-b', '2048')}"
    with openssh(tmp_path, *WEAK, short) as port:
        weak = await visited(port)
    found = violations(weak, policies)
    assert found.keys() == {"ssh_algorithms", "ssh_host_key_size"}
    remedies = [remedy(weak, result, policies) for result in found.values()]
    lines = tuple(line for one in remedies if one is not None for line in one.lines)
    assert {one.server for one in remedies if one is not None} == {"OpenSSH"}
    (tmp_path / "rsa").unlink()
    long = keys.make("rsa", "-b", "4096")
    fixed = [line.replace("/etc/ssh/ssh_host_rsa_key", str(long)) for line in lines]
    with openssh(tmp_path, *applied((*WEAK, short), fixed)) as port:
        assert violations(await visited(port), policies) == {}


@pytest.mark.integration
@pytest.mark.parametrize("name", PROFILES)
def test_sshd_accepts_the_lines_of_every_profile(name: str, tmp_path: Path) -> None:
    (kind,) = (kind for kind in SERVERS if kind.name == "OpenSSH")
    demands = demands_of([profile(name)])
    assert demands is not None
    lines = [line for one in kind.write(demands) for line in one.lines]
    key = Keys(directory=tmp_path).make("rsa", "-b", "4096")
    text = "\n".join(lines).replace("/etc/ssh/ssh_host_rsa_key", str(key))
    Path("/run/sshd").mkdir(exist_ok=True)
    (tmp_path / "sshd_config").write_text(text + "\n")
    done = subprocess.run(
        ["/usr/sbin/sshd", "-t", "-f", str(tmp_path / "sshd_config")],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


@given(offered=NAMES, allowed=st.none() | NAMES.filter(bool), avoids=st.booleans())
def test_what_is_kept_is_offered_and_allowed(
    offered: list[str], allowed: list[str] | None, avoids: bool
) -> None:
    demands = SshDemands(
        allowed={} if allowed is None else {"ciphers": tuple(allowed)},
        offered={"ciphers": tuple(offered)},
        avoids_terrapin=avoids,
    )
    names = demands.names("ciphers")
    if names and not set(names) <= set(offered):
        assert allowed is not None
        assert set(names) <= set(allowed)
    elif names:
        assert list(names) == [one for one in offered if one in names]
        assert len(names) < len(offered)
        assert allowed is None or set(names) <= set(allowed)
    assert not avoids or not any(one.endswith("-cbc") for one in names)
