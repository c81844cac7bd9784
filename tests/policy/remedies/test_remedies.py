"""Remediations follow from the policies' demands, in the syntax of the given server."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.certificates.certificate import KeyType
from model.findings.finding import Outcome
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.registry import cipher_suite_by_name
from model.target import Target
from model.verdict import Fact, Verdict
from policy import Policy, assess, load_policies, profile
from policy.files.profiles import profiles
from policy.remediation import (
    SERVERS,
    ServerKind,
    Topic,
    demands_of,
    remedy,
    remedy_for,
    server_kind,
    topics_of,
)
from policy.remediation.aws.choice import CLOUDFRONT, LOAD_BALANCING, best_named_policy
from policy.remediation.needed_topics import needed_topics
from policy.remediation.openssl_names import cipher_list, ciphersuites, group_list
from policy.remediation.simulation import expected
from tests.service.samples import modern, suites
from tests.support.results import failed

NOW = datetime(2026, 11, 1, tzinfo=UTC)
TLSV1_2, TLSV1_3 = ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3
EVERY_KIND = pytest.mark.parametrize("kind", SERVERS, ids=lambda kind: kind.name)
OF_PROFILES = {name: found for name in profiles() if (found := demands_of([profile(name)]))}


def policies(tmp_path: Path, rules: str, more: str = "") -> tuple[Policy, ...]:
    file = tmp_path / "policy.yaml"
    file.write_text(f"policies:\n  house:\n    source: ours\n    rules: {{{rules}}}\n{more}")
    return load_policies([file], NOW).policies


def labelled(**labels: str) -> Observation:
    observation = modern()
    endpoint = observation.endpoint
    target = replace(endpoint.target, labels=labels)
    return replace(observation, endpoint=replace(endpoint, target=target))


@EVERY_KIND
def test_every_server_gets_complete_configuration_lines_for_every_profile(kind: ServerKind) -> None:
    about_ssh = {name for name in OF_PROFILES if "ssh" in name}
    for name in about_ssh if kind.name == "OpenSSH" else OF_PROFILES.keys() - about_ssh:
        settings = list(kind.write(OF_PROFILES[name]))
        is_possible = TLSV1_2 in OF_PROFILES[name].versions or kind.name != "Classic Load Balancer"
        assert any(setting.lines for setting in settings) is is_possible
        for setting in settings:
            assert setting.place
            for line in setting.lines:
                assert line == line.rstrip()
                assert line.replace("\t", "").isprintable()


def test_only_suites_of_allowed_versions_are_required() -> None:
    for demands in OF_PROFILES.values():
        for name in (*demands.suites, *demands.tls13_suites):
            suite = cipher_suite_by_name(name)
            assert suite is not None
            assert suite.max_version >= demands.oldest
            assert suite.min_version <= demands.newest


def test_every_profile_allows_some_configuration() -> None:
    assert OF_PROFILES.keys() == profiles().keys()


def test_several_policies_allow_what_all_of_them_allow() -> None:
    demands = demands_of([profile("mozilla-intermediate"), profile("nist-sp800-52r2")])
    assert demands is not None
    assert demands.versions == (TLSV1_2, TLSV1_3)
    assert demands.suites == (
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    )
    assert demands.tls13_suites == ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384")
    assert demands.groups == ("secp256r1", "secp384r1")


def test_policies_that_allow_nothing_have_no_remediation(tmp_path: Path) -> None:
    both = policies(
        tmp_path,
        "protocol_versions: {allowed: [TLSv1.3]}",
        "  other: {source: theirs, rules: {protocol_versions: {allowed: [TLSv1.2]}}}\n",
    )
    assert demands_of(both) is None
    assert remedy(labelled(server="nginx"), failed("protocol_versions"), both) is None


def test_openssl_settings_use_openssl_names() -> None:
    demands = demands_of([profile("mozilla-intermediate")])
    assert demands is not None
    assert cipher_list(demands).split(":")[:2] == [
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
    ]
    assert ciphersuites(demands) == ""
    assert group_list(demands) == "X25519:prime256v1:secp384r1"


def test_post_quantum_groups_are_named_if_a_policy_needs_one() -> None:
    demands = demands_of([profile("post-quantum-readiness")])
    assert demands is not None
    assert group_list(demands).startswith("X25519MLKEM768:")


def test_suites_of_tls_1_3_are_named_if_not_all_are_allowed() -> None:
    demands = demands_of([profile("cnsa-1.0")])
    assert demands is not None
    assert ciphersuites(demands) == "TLS_AES_256_GCM_SHA384"


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("mozilla-modern", "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09"),
        ("mozilla-intermediate", "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"),
        ("ELBSecurityPolicy-FS-1-2-2019-08", "ELBSecurityPolicy-FS-1-2-2019-08"),
    ],
)
def test_a_load_balancer_gets_the_widest_named_policy_within(name: str, named: str) -> None:
    demands = demands_of([profile(name)])
    assert demands is not None
    found, _ = best_named_policy(demands, LOAD_BALANCING)
    assert found is not None
    assert found.name == named


def test_groups_that_every_named_policy_has_stay_undecided() -> None:
    demands = demands_of([profile("mozilla-intermediate")])
    assert demands is not None
    found, topics = best_named_policy(demands, CLOUDFRONT)
    assert found is not None
    assert found.name == "CloudFront-TLSv1.2_2021"
    assert Topic.GROUPS not in topics


@pytest.mark.parametrize(
    ("labels", "banner", "kind"),
    [
        ({"server": "nginx"}, None, "nginx"),
        ({"server": "HTTPD"}, "nginx/1.22.1", "Apache httpd"),
        ({}, "nginx/1.22.1", "nginx"),
        ({}, "Apache/2.4.62 (Debian)", "Apache httpd"),
        ({}, "Microsoft-IIS/10.0", "IIS"),
        ({}, "awselb/2.0", "AWS load balancer"),
        ({}, "unheard-of/1", None),
        ({"server": "unheard-of"}, "nginx", None),
        ({}, None, None),
    ],
)
def test_the_label_names_the_server_or_else_its_banner_does(
    labels: dict[str, str], banner: str | None, kind: str | None
) -> None:
    observation = labelled(**labels)
    if banner is not None:
        seen = Fact(verdict=Verdict.YES, value=banner)
        observation = replace(observation, http={"server": seen})
    found = server_kind(observation)
    assert (found.name if found else None) == kind


@given(st.text())
def test_no_banner_leads_to_an_error(banner: str) -> None:
    seen = {"server": Fact(verdict=Verdict.YES, value=banner)}
    kind = server_kind(replace(labelled(), http=seen))
    assert kind is None or banner.casefold().startswith(kind.banners)


def test_a_finding_gets_only_the_lines_about_it(tmp_path: Path) -> None:
    house = policies(tmp_path, "protocol_versions: {allowed: [TLSv1.3]}, hsts: {max_age: 300}")
    found = remedy(labelled(server="nginx"), failed("hsts"), house)
    assert found is not None
    assert found.lines == ('add_header Strict-Transport-Security "max-age=31536000" always;',)


def without_ecdhe() -> Observation:
    """A server of TLS 1.0 to 1.2 with RSA key exchange alone: no group and no signature scheme is in use."""
    observation = labelled(server="nginx")
    spoken = (ProtocolVersion.TLSV1_0, TLSV1_2)
    return replace(
        observation,
        certificates=(replace(observation.certificates[0], key_type=KeyType.RSA),),
        protocols={
            version: Fact(verdict=Verdict.YES if version in spoken else Verdict.NO)
            for version in ProtocolVersion
            if version <= TLSV1_3
        },
        cipher_suites={version: suites("TLS_RSA_WITH_AES_128_CBC_SHA") for version in spoken},
        groups={},
        signature_schemes={},
    )


def test_suites_that_bring_groups_come_with_the_setting_of_groups(tmp_path: Path) -> None:
    allowed = (
        "cipher_suites: {allowed: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_AES_128_GCM_SHA256]}"
    )
    house = policies(tmp_path, f"{allowed}, groups: {{allowed: [x25519, secp256r1]}}")
    found = remedy(without_ecdhe(), failed("cipher_suites"), house)
    assert found is not None
    assert [line.split()[0] for line in found.lines] == [
        "ssl_ciphers",
        "ssl_conf_command",
        "ssl_ecdh_curve",
    ]
    only_suites = policies(tmp_path, allowed)
    found = remedy(without_ecdhe(), failed("cipher_suites"), only_suites)
    assert found is not None
    assert [line.split()[0] for line in found.lines] == ["ssl_ciphers", "ssl_conf_command"]


def test_tls_1_3_comes_with_what_the_policy_limits_in_it(tmp_path: Path) -> None:
    """Its default suites, groups and schemes are not all allowed."""
    house = policies(
        tmp_path,
        "protocol_versions: {allowed: [TLSv1.3]},"
        "cipher_suites: {allowed: [TLS_AES_256_GCM_SHA384, TLS_RSA_WITH_AES_128_CBC_SHA]},"
        "groups: {allowed: [secp384r1]}",
    )
    found = remedy(without_ecdhe(), failed("protocol_versions"), house)
    assert found is not None
    assert found.lines == (
        "ssl_protocols TLSv1.3;",
        "ssl_conf_command Ciphersuites TLS_AES_256_GCM_SHA384;",
        "ssl_ecdh_curve secp384r1;",
    )


def test_post_quantum_groups_come_with_tls_1_3(tmp_path: Path) -> None:
    house = policies(tmp_path, "post_quantum_key_exchange: {any_of: [X25519MLKEM768]}")
    found = remedy(without_ecdhe(), failed("post_quantum_key_exchange"), house)
    assert found is not None
    assert found.lines[0] == "ssl_protocols TLSv1.2 TLSv1.3;"
    assert found.lines[1].startswith("ssl_ecdh_curve X25519MLKEM768:")


def test_lines_that_would_not_meet_the_rule_are_not_offered(tmp_path: Path) -> None:
    """The server's key is RSA: no setting makes it accept a suite for ECDSA keys."""
    required = "cipher_suites_required: {any_of: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]}"
    house = policies(tmp_path, required)
    assert remedy(without_ecdhe(), failed("cipher_suites_required"), house) is None


@pytest.mark.parametrize("name", ["mozilla-intermediate", "nist-sp800-52r2", "bsi-tr-02102-2"])
def test_no_remediation_breaks_a_rule_that_was_met(name: str) -> None:
    policy = profile(name)
    observation = without_ecdhe()
    before = outcomes(observation, policy)
    demands = demands_of([policy])
    assert demands is not None
    for rule in policy.rules:
        topics = needed_topics(observation, rule, [policy], demands, frozenset(Topic)) or ()
        after = outcomes(expected(observation, demands, topics), policy)
        assert {
            one for one in SIMULATED_RULES & after.keys() if is_worse(before[one], after[one])
        } == set()


def outcomes(observation: Observation, policy: Policy) -> dict[str, Outcome]:
    found = assess(observation, [policy], NOW).results
    return {one.rule: one.outcome for one in found}


SIMULATED_RULES = {"protocol_versions", "cipher_suites", "groups", "signature_schemes"}


def is_worse(before: Outcome, after: Outcome) -> bool:
    bad = {Outcome.FAIL, Outcome.UNKNOWN}
    return before not in bad and after in bad


def test_configuration_lines_for_several_topics_are_printed_once() -> None:
    (kind,) = (kind for kind in SERVERS if kind.name == "AWS load balancer")
    found = remedy_for(kind, (Topic.VERSIONS, Topic.SUITES), [profile("mozilla-modern")])
    assert found is not None
    assert len(found.lines) == len(set(found.lines)) == 8


def test_a_problem_that_no_setting_fixes_has_no_remediation() -> None:
    reached = profile("mozilla-modern").rule("reachable")
    assert reached is None or topics_of(reached) == ()
    assert (
        remedy(labelled(server="nginx"), failed("reachable"), [profile("mozilla-modern")]) is None
    )


def test_a_required_feature_is_not_switched_off(tmp_path: Path) -> None:
    wanted, unwanted = (
        policies(tmp_path, f"{rule}: {{features: [session_tickets]}}")
        for rule in ("features_required", "features_forbidden")
    )
    nginx = labelled(server="nginx")
    assert remedy(nginx, failed("features_required"), wanted) is None
    found = remedy(nginx, failed("features_forbidden"), unwanted)
    assert found is not None
    assert found.lines == ("ssl_session_tickets off;",)


def test_a_policy_for_other_endpoints_is_not_evaluated(tmp_path: Path) -> None:
    house = policies(
        tmp_path,
        "protocol_versions: {allowed: [TLSv1.2, TLSv1.3]}",
        "  data:\n    source: ours\n    for: {labels: {data: sensitive}}\n"
        "    rules: {protocol_versions: {allowed: [TLSv1.3]}}\n",
    )
    found = remedy(labelled(server="nginx"), failed("protocol_versions"), house)
    assert found is not None
    assert found.lines == ("ssl_protocols TLSv1.2 TLSv1.3;",)
    found = remedy(labelled(server="nginx", data="sensitive"), failed("protocol_versions"), house)
    assert found is not None
    assert found.lines == ("ssl_protocols TLSv1.3;",)


@pytest.mark.parametrize(
    ("name", "http_port", "port", "expected"),
    [
        ("nginx", None, 443, ["listen 80;", "return 301 https://$host$request_uri;"]),
        ("nginx", "8080", 8443, ["listen 8080;", "return 301 https://$host:8443$request_uri;"]),
        ("Apache httpd", "8080", 8443, ["<VirtualHost *:8080>", "https://www.example.com:8443$1"]),
        ("HAProxy", None, 443, ["redirect scheme https code 301"]),
        ("HAProxy", "8080", 8443, ["redirect prefix https://%[req.hdr(host),field(1,:)]:8443 "]),
        ("Traefik", "8080", 8443, ['address: ":8080"']),
        ("Envoy", "8080", 8443, ["port_redirect: 8443"]),
        ("AWS load balancer", "8080", 8443, ["--port 8080 ", "Port=8443,", 'port        = "8443"']),
    ],
)
def test_a_redirect_leads_from_the_target_s_http_port_to_its_port(
    name: str, http_port: str | None, port: int, expected: list[str], tmp_path: Path
) -> None:
    (kind,) = (kind for kind in SERVERS if kind.name == name)
    labels = {} if http_port is None else {"http_port": http_port}
    target = Target(host="www.example", port=port, server_name="www.example", labels=labels)
    found = remedy_for(kind, [Topic.REDIRECT], policies(tmp_path, "https_redirect: {}"), target)
    assert found is not None
    text = "\n".join(found.lines)
    assert [one for one in expected if one not in text] == []
