"""A finding's remediation, applied to the real server's configuration, removes the finding."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from model.clock import SystemClock
from model.findings.finding import Outcome, RuleResult
from model.observation import Observation
from model.target import Endpoint, Target
from policy import Policy, assess, load_policies
from policy.remediation import remedy
from probe.checks.part import Part
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.policy.remedies.weak_servers import (
    WEAK_SERVERS,
    WeakServer,
    applied,
)
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
MORE_PARTS = frozenset({Part.VERSIONS, Part.SUITES, Part.CERTIFICATES, Part.CLIENT_AUTH, Part.HTTP})
HSTS = "hsts: {max_age: 63072000, include_subdomains: true}"
CLIENTS = "client_certificate_required: {}, client_certificate_verified: {}"
# nginx completes every handshake and refuses by its HTTP status, so TLS alone does not refuse there.
SWITCHED_ON = [
    (server, rules)
    for server in WEAK_SERVERS
    for rules, labels in ((HSTS, "nginx apache haproxy"), (CLIENTS, "apache haproxy"))
    if server.label in labels.split()
]


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Policy, ...]:
    file = tmp_path_factory.mktemp("policy") / "house.yaml"
    file.write_text(POLICY)
    return load_policies([file], datetime.now(UTC)).policies


async def _observe(
    server: WeakServer,
    lines: tuple[str, ...],
    certificates: Certificates,
    directory: Path,
    parts: frozenset[Part] = PARTS,
) -> Observation:
    settings = ProbeSettings(
        deadline_seconds=300.0, trust_stores={TRUST_STORE: certificates.root_file}, parts=parts
    )
    with server.start(lines, certificates, directory) as port:
        target = Target(
            host="127.0.0.1",
            port=port,
            server_name=SERVER_NAME,
            protocol=server.protocol,
            labels={"server": server.label, "http": "yes"},
        )
        return await Engine(settings, SystemClock()).visit(
            Endpoint(target=target, address="127.0.0.1")
        )


def _unmet(observation: Observation, policies: tuple[Policy, ...]) -> dict[str, RuleResult]:
    results = assess(observation, policies, datetime.now(UTC)).results
    return {one.rule: one for one in results if one.outcome in (Outcome.FAIL, Outcome.UNKNOWN)}


@pytest.mark.parametrize("server", WEAK_SERVERS, ids=lambda server: server.label)
async def test_the_remediation_resolves_the_finding(
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


@pytest.mark.parametrize(
    "server", [one for one in WEAK_SERVERS if one.without_ecdhe], ids=lambda server: server.label
)
async def test_one_round_is_enough_where_a_remediation_brings_what_another_rule_limits(
    server: WeakServer,
    policies: tuple[Policy, ...],
    certificates: Certificates,
    tmp_path: Path,
) -> None:
    """The suites that the policy allows bring groups, about which nothing failed before."""
    weak = await _observe(server, server.without_ecdhe, certificates, tmp_path)
    found = _unmet(weak, policies)
    assert weak.groups == {}
    assert {"protocol_versions", "cipher_suites"} <= found.keys()
    assert "groups" not in found
    fix = remedy(weak, found["cipher_suites"], policies)
    assert fix is not None
    strong = await _observe(
        server, applied(server.without_ecdhe, fix.lines), certificates, tmp_path
    )
    left = _unmet(strong, policies)
    assert left.keys().isdisjoint({"cipher_suites", "groups", "cipher_suite_preference"})
    lines = applied(server.without_ecdhe, fix.lines)
    for result in left.values():
        more = remedy(weak, result, policies)
        assert more is not None
        lines = applied(lines, more.lines)
    assert _unmet(await _observe(server, lines, certificates, tmp_path), policies) == {}


@pytest.mark.parametrize(
    ("server", "rules"),
    SWITCHED_ON,
    ids=[f"{server.label}-{rules.partition(':')[0]}" for server, rules in SWITCHED_ON],
)
async def test_the_remediation_enables_what_was_disabled(
    server: WeakServer, rules: str, certificates: Certificates, tmp_path: Path
) -> None:
    file = tmp_path / "house.yaml"
    file.write_text(f"policies: {{house: {{source: house rules, rules: {{{rules}}}}}}}")
    policies = load_policies([file], datetime.now(UTC)).policies
    weak = await _observe(server, (), certificates, tmp_path, MORE_PARTS)
    found = _unmet(weak, policies)
    assert found
    mended = remedy(weak, next(iter(found.values())), policies)
    assert mended is not None
    authorities = str(certificates.client_ca_file)
    lines = [re.sub(r"/etc/\S+/client-ca\.pem", authorities, line) for line in mended.lines]
    strong = await _observe(server, tuple(lines), certificates, tmp_path, MORE_PARTS)
    assert _unmet(strong, policies) == {}
