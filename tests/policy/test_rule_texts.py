"""The texts of rules: a requirement, and a violation with values that reads well in every state."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from model.certificates.certificate import KeyType, Problem
from model.findings.attacks import ATTACKS
from model.findings.finding import Outcome
from model.observation import ClientAuth, ClientAuthMode, DhParameters, Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Fact, Verdict
from policy import RULES, profile
from policy.claims.rules import CLAIM_RULES, ClaimRule
from policy.fact_names import VULNERABILITIES
from policy.files.profiles import profiles
from policy.rule import AnyRule
from policy.rules.handshake.vulnerabilities import Vulnerabilities
from tests.policy.observed import AT, NO, YES, accepting, endpoint, policy, results, speaking
from tests.service.samples import certificate, deployment

ISSUED = """
TP-REACH-001 reachable
TP-TLS-001 protocol_versions
TP-TLS-002 protocol_versions_required
TP-CIPHER-001 cipher_suites
TP-CIPHER-002 cipher_suites_forbidden
TP-CIPHER-003 cipher_suites_required
TP-CIPHER-004 cipher_suite_strength
TP-CIPHER-005 cipher_suite_preference
TP-CIPHER-006 cipher_suite_order
TP-GROUP-001 groups
TP-GROUP-002 groups_forbidden
TP-GROUP-003 groups_required
TP-GROUP-004 group_strength
TP-SIGNATURE-001 signature_schemes
TP-SIGNATURE-002 signature_schemes_forbidden
TP-DH-001 dh_prime_size
TP-DH-002 dh_safe_primes
TP-CERT-001 certificate_key
TP-CERT-002 certificate_signature
TP-CERT-003 certificate_lifetime
TP-CERT-004 certificate_expiry
TP-CERT-005 certificate_validity
TP-CERT-006 certificate_problems
TP-CERT-007 certificate_usage
TP-TRUST-001 certificate_trusted
TP-TRUST-002 certificate_authorities
TP-TRUST-003 certificate_names
TP-REVOCATION-001 certificate_not_revoked
TP-REVOCATION-002 ocsp_stapling
TP-CT-001 certificate_transparency
TP-MTLS-001 client_certificate_required
TP-MTLS-002 client_certificate_verified
TP-MTLS-003 client_certificate_authorities
TP-MTLS-004 client_certificate_not_requested
TP-PLAINTEXT-001 no_plaintext
TP-PLAINTEXT-002 starttls_offered
TP-PLAINTEXT-003 starttls_enforced
TP-PLAINTEXT-004 no_plaintext_login
TP-HTTPS-001 https_redirect
TP-HTTPS-002 hsts
TP-HTTPS-003 secure_cookies
TP-FEATURE-001 features_required
TP-FEATURE-002 features_forbidden
TP-VULN-001 not_vulnerable
TP-PQ-001 post_quantum_key_exchange
TP-PQ-002 post_quantum_preferred
TP-PQ-003 post_quantum_by_secrecy
TP-PQ-004 post_quantum_by_deadline
TP-GRADE-001 ssl_labs_grade
TP-DRIFT-001 declared_state
TP-DRIFT-002 leaf_certificates
TP-SSH-001 ssh_algorithms
TP-SSH-002 ssh_terrapin
TP-SSH-003 ssh_post_quantum
TP-SSH-004 ssh_version_1
TP-SSH-005 ssh_host_key_size
TP-SSH-006 ssh_host_certificate_expiry
TP-QUIC-001 quic_same_as_tcp
TP-QUIC-002 quic_allowed
TP-QUIC-003 quic_post_quantum
TP-QUIC-004 quic_early_data
TP-IKE-001 ikev1_main_mode
TP-IKE-002 ikev1_aggressive_mode
TP-IKE-003 ike_encryption
TP-IKE-004 ike_prf
TP-IKE-005 ike_integrity
TP-IKE-006 ike_key_exchange
TP-IKE-007 ike_post_quantum
TP-DNS-001 service_binding_matches
TP-ECH-001 ech_key_accepted
"""
"""Every identifier ever assigned, with the name of its rule today.

The name of a line may change, and nothing else: waivers and dashboards rely on the identifier.
"""

OWN_PROFILES = [profile(name) for name in profiles()]


def test_an_identifier_is_never_changed() -> None:
    assert ISSUED.split() == [text for rule in RULES for text in (rule.identifier, rule.name)]


def test_identifiers_of_claims_never_change() -> None:
    assert [rule.identifier for rule in CLAIM_RULES] == ["TP-CLAIM-001", "TP-CLAIM-002"]


@pytest.mark.parametrize("rule", [*RULES, *CLAIM_RULES], ids=lambda rule: rule.identifier)
def test_requirement_and_violation_are_sentences_without_a_full_stop(
    rule: AnyRule | ClaimRule,
) -> None:
    assert re.fullmatch(r"TP-[A-Z]+-[0-9]{3}", rule.identifier)
    assert re.search(r"\b(must|may)\b", rule.requirement)
    for text in (rule.requirement, rule.violation):
        assert text[0].isupper()
        assert not text.endswith(".")
        assert "TLSv" not in text
    assert not re.search(r"\b(must|may)\b", rule.violation)


def test_the_requirements_of_profiles_are_of_the_same_kind() -> None:
    for one in (rule for own in OWN_PROFILES for rule in own.rules):
        assert re.search(r"\b(must|may)\b", one.requirement), one
        assert not one.requirement.endswith(".")


def test_every_attack_has_its_title_and_the_severity_of_the_profile() -> None:
    assert ATTACKS.keys() == set(VULNERABILITIES)
    severities = {
        name: rule.severity
        for rule in profile("known-vulnerabilities").rules
        if isinstance(rule.parameters, Vulnerabilities)
        for name in rule.parameters.vulnerabilities
    }
    assert severities == {name: attack.severity for name, attack in ATTACKS.items()}


def violation(rule: str, observation: Observation, **parameters: object) -> str:
    """The violation that the single rule reports."""
    (result,) = results(observation, policy("web", {rule: parameters}))
    assert result.outcome is Outcome.FAIL
    return result.violation


def with_leaf(*leaves: tuple[KeyType, datetime]) -> Observation:
    chains = [
        replace(deployment(leaf=replace(certificate(), not_after=end)), key_type=key_type)
        for key_type, end in leaves
    ]
    return endpoint(certificates=tuple(chains))


@pytest.mark.parametrize(
    ("left", "says"),
    [
        (-timedelta(days=3, hours=1), "Certificate expired 3 days ago"),
        (-timedelta(hours=1, minutes=5), "Certificate expired 1 hour ago"),
        (-timedelta(minutes=5), "Certificate expired less than an hour ago"),
    ],
)
def test_an_expired_certificate_is_shown_with_the_time_since_expiry(
    left: timedelta, says: str
) -> None:
    end = AT + left
    found = violation("certificate_validity", with_leaf((KeyType.ECDSA, end)))
    assert found == f"{says} ({end:%Y-%m-%d %H:%M} UTC)"


def test_a_certificate_that_is_not_valid_yet_is_shown_with_its_start() -> None:
    begin = AT + timedelta(days=2)
    leaf = replace(certificate(), not_before=begin, not_after=begin + timedelta(days=90))
    found = violation("certificate_validity", endpoint(certificates=(deployment(leaf=leaf),)))
    assert found == f"Certificate becomes valid in 2 days ({begin:%Y-%m-%d %H:%M} UTC)"


def test_a_certificate_near_its_expiry_is_shown_with_the_time_left() -> None:
    soon = with_leaf((KeyType.ECDSA, AT + timedelta(days=5)))
    found = violation("certificate_expiry", soon, days=14)
    assert found.startswith("Certificate expires in 5 days, ")
    assert found.endswith("required: 14 days left")


def test_of_several_certificates_each_is_named_by_its_key() -> None:
    both = with_leaf(
        (KeyType.RSA, AT - timedelta(days=3)),
        (KeyType.ECDSA, AT - timedelta(days=4)),
    )
    first, second = violation("certificate_validity", both).split("; ")
    assert first.startswith("RSA certificate expired 3 days ago")
    assert second.startswith("ECDSA certificate expired 4 days ago")


def test_a_chain_problem_is_described_in_words() -> None:
    broken = endpoint(certificates=(deployment(Problem.SELF_SIGNED),))
    found = violation("certificate_problems", broken, forbidden=["self_signed"])
    assert found == "Certificate is self-signed"


@pytest.mark.parametrize(
    ("versions", "says"),
    [
        ([ProtocolVersion.TLSV1_0], "TLS 1.0 is offered"),
        ([ProtocolVersion.SSLV3, ProtocolVersion.TLSV1_0], "SSL 3.0 and TLS 1.0 are offered"),
        (
            [ProtocolVersion.SSLV2, ProtocolVersion.SSLV3, ProtocolVersion.TLSV1_1],
            "SSL 2.0, SSL 3.0 and TLS 1.1 are offered",
        ),
    ],
)
def test_the_verb_agrees_with_the_number_of_offered_versions(
    versions: list[ProtocolVersion], says: str
) -> None:
    spoken = speaking(dict.fromkeys([*versions, ProtocolVersion.TLSV1_2], YES))
    found = violation("protocol_versions", endpoint(protocols=spoken), allowed=["TLSv1.2"])
    assert found == says


def test_accepted_names_are_counted() -> None:
    version, noun = ProtocolVersion.TLSV1_3, "forbidden group"
    one = endpoint(groups={version: accepting(["x448"])})
    assert violation("groups_forbidden", one, groups=["x448", "x25519"]) == (
        f"Accepts a {noun}: x448 (TLS 1.3)"
    )
    two = endpoint(groups={version: accepting(["x448", "x25519"])})
    assert violation("groups_forbidden", two, groups=["x448", "x25519"]) == (
        f"Accepts 2 {noun}s: x448 (TLS 1.3), x25519 (TLS 1.3)"
    )


def test_attacks_have_their_common_names() -> None:
    weak = endpoint(vulnerabilities={"heartbleed": YES, "robot": YES})
    found = violation("not_vulnerable", weak, vulnerabilities=["heartbleed", "robot"])
    assert found == "Vulnerable to Heartbleed (CVE-2014-0160), ROBOT (CVE-2017-13099)"


def test_optional_client_certificates_are_distinguished_from_unverified_ones() -> None:
    version = ProtocolVersion.TLSV1_3
    only_13 = speaking({version: YES})
    asked = ClientAuth(mode=ClientAuthMode.REQUESTED, verifies=Verdict.NO)
    weak = endpoint(protocols=only_13, client_auth={version: asked})
    assert violation("client_certificate_required", weak) == (
        "Client certificates are not required (TLS 1.3: requested, not required)"
    )
    assert violation("client_certificate_verified", weak) == (
        "Client certificates are not verified (TLS 1.3: accepts forged certificates)"
    )


def test_a_weak_header_is_reported_with_what_it_lacks() -> None:
    short = endpoint(http={"hsts": Fact(verdict=Verdict.YES, value="300")})
    found = violation("hsts", short, max_age=86400, preload=True)
    assert found == (
        "HSTS is too weak: max-age is 300 s, at least 86400 s required, preload is missing"
    )
    none = endpoint(http={"hsts": NO})
    assert violation("hsts", none) == "No Strict-Transport-Security header (HSTS)"


def test_a_short_prime_is_reported_with_the_required_length() -> None:
    prime = DhParameters(
        prime_bits=1024,
        prime_sha256=64 * "0",
        known_as="Oakley Group 2",
        is_safe_prime=Verdict.YES,
        versions=(ProtocolVersion.TLSV1_2,),
    )
    found = violation("dh_prime_size", endpoint(dh=(prime,)), minimum_bits=2048)
    assert found == "DHE prime has 1024 bits (Oakley Group 2), at least 2048 required"


def test_a_passing_rule_has_no_violation() -> None:
    (result,) = results(endpoint(), policy("web", {"certificate_validity": {}}))
    assert (result.outcome, result.violation) == (Outcome.PASS, "")
