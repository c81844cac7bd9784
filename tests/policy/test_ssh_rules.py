"""Rules on SSH servers, and only they, judge such targets; what is unknown is not a violation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from model.findings.finding import Outcome
from model.observation import Observation, State
from model.target import Target
from model.verdict import Fact, Verdict
from policy import PolicyError, PolicySet, assess, profile
from service.judging.ci_gate import check_that_all_are_judged
from tests.policy.observed import AT, endpoint, policy, results

PASS, FAIL, UNKNOWN = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
MOOT = Outcome.NOT_APPLICABLE
LISTS = {
    "kex_algorithms": "sntrup761x25519-sha512,curve25519-sha256,kex-strict-s-v00@openssh.com",
    "server_host_key_algorithms": "ssh-ed25519",
    "encryption_algorithms_client_to_server": "aes256-gcm@openssh.com",
    "encryption_algorithms_server_to_client": "aes256-gcm@openssh.com,3des-cbc",
    "mac_algorithms_client_to_server": "hmac-sha2-256",
    "mac_algorithms_server_to_client": "hmac-sha2-256",
}


def yes(value: str | None = None) -> Fact:
    return Fact(verdict=Verdict.YES, value=value)


NO, OPEN = Fact(verdict=Verdict.NO), Fact(verdict=Verdict.UNKNOWN)


def ssh_server(facts: Mapping[str, Fact]) -> Observation:
    modern = endpoint()
    target = Target(host="ssh.example", port=22, server_name="ssh.example", protocol="ssh")
    return replace(
        endpoint(protocols={}, cipher_suites={}, groups={}, certificates=(), client_auth={}),
        endpoint=replace(modern.endpoint, target=target),
        state=State.SSH,
        features={},
        vulnerabilities={},
        ssh={name: yes(value) for name, value in LISTS.items()} | dict(facts),
    )


@pytest.mark.parametrize(
    ("rule", "parameters", "facts", "outcome"),
    [
        ("ssh_algorithms", {"host_keys": ["ssh-ed25519"]}, {}, PASS),
        ("ssh_algorithms", {"ciphers": ["aes256-gcm@openssh.com"]}, {}, FAIL),
        ("ssh_algorithms", {"key_exchange": ["curve25519-sha256"]}, {}, FAIL),
        (
            "ssh_algorithms",
            {"key_exchange": ["curve25519-sha256", "sntrup761x25519-sha512"]},
            {},
            PASS,
        ),
        ("ssh_algorithms", {"macs": ["x"]}, {"mac_algorithms_client_to_server": OPEN}, UNKNOWN),
        ("ssh_terrapin", {}, {"terrapin": yes("aes128-cbc")}, FAIL),
        ("ssh_terrapin", {}, {"terrapin": NO}, PASS),
        ("ssh_terrapin", {}, {}, UNKNOWN),
        ("ssh_version_1", {}, {"version_1": yes()}, FAIL),
        ("ssh_post_quantum", {}, {"post_quantum_offered": yes("mlkem768x25519-sha256")}, PASS),
        ("ssh_post_quantum", {}, {"post_quantum_offered": NO}, FAIL),
        (
            "ssh_post_quantum",
            {"any_of": ["mlkem768x25519-sha256"]},
            {"post_quantum_offered": yes("sntrup761x25519-sha512")},
            FAIL,
        ),
        ("ssh_host_key_size", {}, {"host_key_rsa": yes("2048 SHA256:x")}, FAIL),
        ("ssh_host_key_size", {}, {"host_key_rsa": yes("3072 SHA256:x")}, PASS),
        ("ssh_host_key_size", {}, {"host_key_rsa": OPEN}, UNKNOWN),
        ("ssh_host_key_size", {}, {"host_key_rsa": yes("text of a user's file")}, UNKNOWN),
        (
            "ssh_host_key_size",
            {},
            {"host_key_rsa": NO, "host_key_rsa_certificate": NO},
            MOOT,
        ),
        ("ssh_host_certificate_expiry", {}, {"host_key_rsa_certificate": NO}, MOOT),
        ("ssh_host_certificate_expiry", {}, {}, UNKNOWN),
        (
            "ssh_host_certificate_expiry",
            {},
            {"host_key_rsa_certificate_ends": yes("2020-01-01T00:00:00Z")},
            FAIL,
        ),
    ],
)
def test_each_rule_judges_its_facts(
    rule: str, parameters: Mapping[str, Any], facts: Mapping[str, Fact], outcome: Outcome
) -> None:
    (result,) = results(ssh_server(facts), policy("ssh", {rule: parameters}))
    assert result.outcome is outcome


@pytest.mark.parametrize(("days", "outcome"), [(6, FAIL), (8, PASS)])
def test_a_host_certificate_must_be_valid_for_some_days(days: int, outcome: Outcome) -> None:
    end = (AT + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    seen = ssh_server({"host_key_ed25519_certificate_ends": yes(end)})
    (result,) = results(seen, policy("ssh", {"ssh_host_certificate_expiry": {"min_days": 7}}))
    assert result.outcome is outcome


def test_each_server_is_judged_by_the_rules_of_its_protocol() -> None:
    both = policy(
        "both", {"reachable": {}, "protocol_versions": {"allowed": ["TLSv1.3"]}, "ssh_terrapin": {}}
    )
    assert [one.rule for one in results(ssh_server({}), both)] == ["reachable", "ssh_terrapin"]
    assert [one.rule for one in results(endpoint(), both)] == ["reachable", "protocol_versions"]


def test_an_unreached_ssh_server_has_no_result_but_that() -> None:
    seen = replace(ssh_server({}), state=State.REFUSED, reason="refused", ssh={})
    (result,) = results(seen, profile("mozilla-openssh"))
    assert (result.rule, result.outcome) == ("reachable", UNKNOWN)


def test_a_policy_for_tls_does_not_judge_ssh_servers() -> None:
    assessment = assess(ssh_server({}), [profile("mozilla-modern")], AT)
    assert (assessment.policies, assessment.results) == ({}, ())
    assert assessment.compliance("mozilla-modern") is Verdict.UNKNOWN


def test_a_policy_for_ssh_does_not_judge_tls_servers() -> None:
    both = [profile("mozilla-openssh"), profile("mozilla-modern")]
    assert set(assess(endpoint(), both, AT).policies) == {"mozilla-modern"}
    assert set(assess(ssh_server({}), both, AT).policies) == {"mozilla-openssh"}


def test_a_policy_that_only_asks_whether_an_endpoint_is_reachable_judges_all() -> None:
    reachable = policy("reachable", {"reachable": {}})
    assert set(assess(ssh_server({}), [reachable], AT).policies) == {reachable.name}
    assert set(assess(endpoint(), [reachable], AT).policies) == {reachable.name}


@pytest.mark.parametrize(
    ("used", "judged", "advice"),
    [
        ("mozilla-modern", ssh_server({}), "none of their rules is about SSH: .* mozilla-openssh"),
        (
            "mozilla-openssh",
            endpoint(),
            "none of their rules is about TLS: .* mozilla-intermediate",
        ),
    ],
)
def test_a_scan_with_a_policy_for_other_protocols_is_refused(
    used: str, judged: Observation, advice: str
) -> None:
    book = PolicySet(policies=(profile(used),))
    with pytest.raises(PolicyError, match=advice):
        check_that_all_are_judged(book, [judged.endpoint.target])
