"""A finding's remedy, applied to the real server's configuration, makes the finding go away."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from model.finding import Outcome, RuleResult
from model.observation import Observation
from model.target import Endpoint, Target
from policy import Policy, assess, load_policies
from policy.remedies import remedy
from probe.checks.part import Part
from probe.clock import SystemClock
from probe.engine import Engine
from probe.settings import ProbeSettings
from tests.policy.remedies.weak_servers import WEAK_SERVERS, WeakServer, applied
from tests.zoo.certificates import Certificates
from tests.zoo.truth import SERVER_NAME, TRUST_STORE

pytestmark = pytest.mark.integration

POLICY = """\
policies:
  house:
    source: house rules
    rules:
      protocol_versions: {allowed: [TLSv1.2, TLSv1.3]}
      cipher_suites:
        allowed:
          - TLS_AES_256_GCM_SHA384
          - TLS_CHACHA20_POLY1305_SHA256
          - TLS_AES_128_GCM_SHA256
          - TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384
          - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
      cipher_suite_preference: {by: server}
      groups: {allowed: [X25519MLKEM768, x25519, secp256r1, secp384r1]}
"""
PARTS = frozenset({Part.VERSIONS, Part.SUITES, Part.GROUPS})


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Policy, ...]:
    file = tmp_path_factory.mktemp("policy") / "house.yaml"
    file.write_text(POLICY)
    return load_policies([file], datetime.now(UTC)).policies


async def _observe(
    server: WeakServer, lines: tuple[str, ...], certificates: Certificates, directory: Path
) -> Observation:
    settings = ProbeSettings(trust_stores={TRUST_STORE: certificates.root_file}, parts=PARTS)
    with server.start(lines, certificates, directory) as port:
        target = Target(
            host="127.0.0.1",
            port=port,
            server_name=SERVER_NAME,
            protocol=server.protocol,
            labels={"server": server.label},
        )
        return await Engine(settings, SystemClock()).visit(
            Endpoint(target=target, address="127.0.0.1")
        )


def _unmet(observation: Observation, policies: tuple[Policy, ...]) -> dict[str, RuleResult]:
    results = assess(observation, policies, datetime.now(UTC)).results
    return {one.rule: one for one in results if one.outcome in (Outcome.FAIL, Outcome.UNKNOWN)}


@pytest.mark.parametrize("server", WEAK_SERVERS, ids=lambda server: server.label)
async def test_the_remedy_makes_the_finding_go_away(
    server: WeakServer,
    policies: tuple[Policy, ...],
    certificates: Certificates,
    tmp_path: Path,
) -> None:
    weak = await _observe(server, server.weak, certificates, tmp_path)
    found = _unmet(weak, policies)
    assert {"protocol_versions", "cipher_suites", "groups"} <= found.keys()
    lines = server.weak
    for result in found.values():
        assert result.outcome is Outcome.FAIL, result
        mended = remedy(weak, result, policies)
        assert mended is not None
        lines = applied(lines, mended.lines)
    strong = await _observe(server, lines, certificates, tmp_path)
    assert _unmet(strong, policies) == {}
