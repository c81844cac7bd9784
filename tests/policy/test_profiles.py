"""The built-in profiles match the publications of their sources, suite by suite."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from model.protocol_version import ProtocolVersion
from model.registry import CIPHER_SUITES
from policy import Policy, PolicyError, profile
from policy.files.named_policies import WITHOUT_SUITES, named_policies
from policy.files.profiles import profiles
from policy.rules.endpoint.https import Hsts
from policy.rules.handshake.cipher_suite_order import Deciding
from policy.rules.handshake.cipher_suites import AllowedSuites
from policy.rules.handshake.dh import PrimeSize
from policy.rules.handshake.groups import AllowedGroups
from policy.rules.handshake.protocols import Versions
from policy.rules.identity.certificates import KeyLimits, LifetimeLimits, Signatures

DATA = Path(__file__).parent / "data"
IANA_NAMES = {suite.openssl_name: suite.name for suite in CIPHER_SUITES if suite.openssl_name}
VERSIONS = {"TLSv1": "TLSv1.0"}
GROUPS = {"X25519": "x25519", "prime256v1": "secp256r1"}
CURVE_BITS = {"prime256v1": 256, "secp384r1": 384}


def published(name: str) -> Any:
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def parameters(policy: Policy, rule: str) -> Any:
    found = policy.rule(rule)
    assert found is not None, f"{policy.name} has no rule {rule}"
    return found.parameters


@pytest.mark.parametrize("name", profiles())
def test_every_rule_of_a_profile_names_its_source(name: str) -> None:
    policy = profile(name)
    assert all(rule.source for rule in policy.rules)
    assert policy.title != name
    uncertain = [rule for rule in policy.rules if rule.uncertain is not None]
    assert all(f"(uncertain: {rule.uncertain})" in rule.source for rule in uncertain)


@pytest.mark.parametrize(
    ("version", "level", "name"),
    [
        ("6.0", "modern", "mozilla-modern"),
        ("6.0", "intermediate", "mozilla-intermediate"),
        ("5.8", "old", "mozilla-old"),
    ],
)
def test_mozilla_is_as_published(version: str, level: str, name: str) -> None:
    guideline, policy = published("mozilla-guidelines.json")[version][level], profile(name)
    allowed: Versions = parameters(policy, "protocol_versions")
    assert {one.label for one in allowed.allowed} == {
        VERSIONS.get(one, one) for one in guideline["tls_versions"]
    }
    suites: AllowedSuites = parameters(policy, "cipher_suites")
    assert set(suites.allowed) == {*guideline["ciphersuites"], *guideline["ciphers"]}
    groups: AllowedGroups = parameters(policy, "groups")
    assert list(groups.allowed) == [GROUPS.get(one, one) for one in guideline["tls_curves"]]
    key: KeyLimits = parameters(policy, "certificate_key")
    assert {one.value for one in key.types} - {"rsa-pss"} == set(guideline["certificate_types"])
    assert key.rsa_bits == (guideline["rsa_key_size"] or 0)
    if "ecdsa" in guideline["certificate_types"]:
        assert set(key.ec_sizes) == {CURVE_BITS[one] for one in guideline["certificate_curves"]}
    signatures: Signatures = parameters(policy, "certificate_signature")
    assert set(signatures.allowed) == set(guideline["certificate_signatures"])
    lifetimes: LifetimeLimits = parameters(policy, "certificate_lifetime")
    assert [one.max_days for one in lifetimes.limits] == [guideline["maximum_certificate_lifespan"]]
    hsts: Hsts = parameters(policy, "hsts")
    assert hsts.max_age == guideline["hsts_min_age"]
    deciding: Deciding = parameters(policy, "cipher_suite_preference")
    assert (deciding.by == "server") == guideline["server_preferred_order"]
    if any("_DHE_" in one for one in suites.allowed):
        primes: PrimeSize = parameters(policy, "dh_prime_size")
        assert primes.minimum_bits == guideline["dh_param_size"]


def test_the_nist_profile_is_as_published_without_the_key_transport_of_its_appendix() -> None:
    lists, policy = published("nist-sp800-52r2.json"), profile("nist-sp800-52r2")
    below: AllowedSuites = parameters(policy, "cipher_suites")
    assert set(below.allowed) == set(lists["below_tls13"]) - set(lists["appendix_d"])
    assert ProtocolVersion.TLSV1_3 not in below.versions
    tls13: AllowedSuites = parameters(policy, "cipher-suites-tls13")
    assert (set(tls13.allowed), tls13.versions) == (
        set(lists["tls13"]),
        (ProtocolVersion.TLSV1_3,),
    )


def test_load_balancers_are_as_published() -> None:
    lists = published("aws-security-policies.json")
    for name, said in lists["load_balancer"].items():
        policy = profile(name)
        versions: Versions = parameters(policy, "protocol_versions")
        assert {one.label for one in versions.allowed} == {
            VERSIONS.get(one, one) for one in said["protocols"]
        }
        suites: AllowedSuites = parameters(policy, "cipher_suites")
        assert suites.allowed == tuple(IANA_NAMES.get(one, one) for one in said["ciphers"])


def test_cloudfront_is_as_published() -> None:
    for name, said in published("aws-security-policies.json")["cloudfront"].items():
        policy = profile(f"CloudFront-{name}")
        versions: Versions = parameters(policy, "protocol_versions")
        least = VERSIONS.get(said["min_protocol"], said["min_protocol"])
        assert min(versions.allowed).label == least
        assert ProtocolVersion.TLSV1_3 in versions.allowed
        suites: AllowedSuites = parameters(policy, "cipher_suites")
        assert suites.allowed == tuple(IANA_NAMES.get(one, one) for one in said["ciphers"])
        groups: AllowedGroups = parameters(policy, "groups")
        assert groups.allowed == tuple(said["groups"])


def test_every_aws_policy_name_is_known_with_or_without_its_suites() -> None:
    names = set(published("aws-security-policies.json")["names"])
    assert names <= {*named_policies(), *WITHOUT_SUITES}
    assert not WITHOUT_SUITES & named_policies().keys()
    assert names >= WITHOUT_SUITES


def test_a_policy_without_a_published_list_is_refused() -> None:
    with pytest.raises(PolicyError, match="tlsprobe has no list of its cipher suites"):
        profile("ELBSecurityPolicy-TLS13-1-2-RFC9151-FIPS-2023-07")
