"""A guideline has the rules of the policies that apply, and the lines that findings get."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from discovery.targets import parse_target
from model.application_protocol import AUTO, PROTOCOLS
from model.findings.guideline import Guideline
from policy import Policy, load_policies, profile
from policy.remediation import SERVERS, Topic, guidelines_of, remedy_for
from policy.remediation.services import SERVICES

NOW = datetime(2026, 11, 1, tzinfo=UTC)
POLICIES = """\
policies:
  everyone:
    source: ours
    rules:
      protocol_versions: {allowed: [TLSv1.3]}
      certificate_expiry: {days: 30}
  staff:
    source: ours
    for: {labels: {team: staff}}
    rules: {client_certificate_required: {}}
  databases:
    source: ours
    for: {protocols: [postgres]}
    rules: {no_plaintext: {}}
  old:
    source: ours
    for: {labels: {team: old}}
    rules:
      protocol_versions: {allowed: [TLSv1.2]}
"""


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Policy, ...]:
    file = tmp_path_factory.mktemp("policies") / "policy.yaml"
    file.write_text(POLICIES)
    return load_policies([file], NOW).policies


def made(policies: Sequence[Policy], *targets: str, **labels: str) -> dict[str, list[Guideline]]:
    """The guidelines by service."""
    found: dict[str, list[Guideline]] = {}
    for one in guidelines_of(policies, [parse_target(text, labels=labels) for text in targets]):
        found.setdefault(one.service, []).append(one)
    return found


def test_every_kind_of_server_and_every_protocol_has_a_service() -> None:
    assert {kind.name for service in SERVICES for kind in service.servers} == {
        kind.name for kind in SERVERS
    }
    of_protocols = [service for service in SERVICES if service.name != "Mutual TLS"]
    for name in (AUTO, *(one.name for one in PROTOCOLS)):
        assert [name in service.protocols for service in of_protocols].count(True) == 1, name


def test_without_policies_there_are_no_guidelines() -> None:
    assert guidelines_of((), [parse_target("www.example")]) == ()


def test_endpoints_with_different_policies_have_different_guidelines(
    policies: tuple[Policy, ...],
) -> None:
    targets = [
        parse_target("www.example"),
        parse_target("intern.example", labels={"team": "staff"}),
        parse_target("postgres://db.example"),
    ]
    found = {(one.service, one.policies): one.endpoints for one in guidelines_of(policies, targets)}
    assert found == {
        ("HTTPS", ("everyone",)): 1,
        ("HTTPS", ("everyone", "staff")): 1,
        ("VPN", ("everyone",)): 0,
        ("Mutual TLS", ("staff",)): 1,
        ("Databases", ("everyone", "databases")): 1,
        ("Mail", ("everyone",)): 0,
        ("Other protocols", ("everyone",)): 0,
    }


def test_the_lines_are_those_of_a_finding(policies: tuple[Policy, ...]) -> None:
    (https,) = made(policies, "www.example")["HTTPS"]
    lines = {one.remedy.server: one.remedy for one in https.servers}
    everyone = [policy for policy in policies if policy.name == "everyone"]
    for kind in SERVERS:
        if kind.name in lines:
            assert lines[kind.name] == remedy_for(kind, [Topic.VERSIONS], everyone)
    assert lines["nginx"].lines == ("ssl_protocols TLSv1.3;",)


def test_a_rule_without_a_setting_says_so(policies: tuple[Policy, ...]) -> None:
    (https,) = made(policies, "www.example")["HTTPS"]
    assert {one.rule: one.settings for one in https.rules} == {
        "reachable": (),
        "protocol_versions": ("protocol versions",),
        "certificate_expiry": (),
    }


def test_mutual_tls_asks_for_certificates_of_clients(policies: tuple[Policy, ...]) -> None:
    (mutual,) = made(policies, "www.example", team="staff")["Mutual TLS"]
    lines = {one.remedy.server: one.remedy.lines for one in mutual.servers}
    assert "ssl_verify_client on;" in lines["nginx"]
    assert lines["PostgreSQL"][-1].endswith("clientcert=verify-full")
    (nothing,) = made(policies, "www.example")["Mutual TLS"]
    assert (nothing.policies, nothing.servers) == ((), ())


def test_a_server_that_refuses_plaintext_has_lines_for_it(policies: tuple[Policy, ...]) -> None:
    (databases,) = made(policies, "postgres://db.example")["Databases"]
    lines = {one.remedy.server: one for one in databases.servers}
    assert any(line.startswith("hostssl") for line in lines["PostgreSQL"].remedy.lines)


def test_policies_that_contradict_each_other_give_no_lines(policies: tuple[Policy, ...]) -> None:
    (https,) = made(policies, "www.example", team="old")["HTTPS"]
    assert https.policies == ("everyone", "old")
    assert https.is_contradictory
    assert https.servers == ()


def test_mail_and_databases_have_no_rules_of_web_servers() -> None:
    found = made([profile("encryption-in-transit")], "smtp://mail.example")
    for service in ("Mail", "Databases"):
        (guideline,) = found[service]
        assert not {one.rule for one in guideline.rules} & {"hsts", "https_redirect"}
    (https,) = found["HTTPS"]
    assert {"hsts", "https_redirect"} <= {one.rule for one in https.rules}


@pytest.mark.parametrize("name", ["encryption-in-transit", "mozilla-old", "cnsa-2.0"])
def test_a_rule_that_no_line_is_about_is_named(name: str) -> None:
    for one in guidelines_of([profile(name)], ()):
        with_settings = {rule.rule for rule in one.rules if rule.settings}
        for server in one.servers:
            assert set(server.uncovered) < with_settings
            assert server.remedy.lines
