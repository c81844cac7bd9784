"""Every rule has a real server that meets it and one that violates it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from model.findings.finding import Outcome
from policy import RULES, profile
from policy.catalogue import RULES_BY_NAME
from policy.rule import Family, Subject
from tests.exporters.reports.samples import labelled
from tests.policy.real_servers import RealServers
from tests.zoo.certificates import Certificates

MODERN: Final = "zoo nginx-stapling"
SOUND: Final = "chain sound"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One rule with parameters, and the servers whose configuration meets and violates it; both have the ``labels``.

    ``certificates`` makes more parameters of the servers' certificates, which are new in each run.
    """

    rule: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    certificates: Callable[[Certificates], Mapping[str, Any]] = lambda _: {}
    meets: str
    breaks: str


def intermediate(rule: str) -> Mapping[str, Any]:
    found = profile("mozilla-intermediate").rule(rule)
    assert found is not None
    return found.parameters.model_dump(mode="json")


def sha256_of(leaf: Path) -> str:
    return x509.load_pem_x509_certificate(leaf.read_bytes()).fingerprint(hashes.SHA256()).hex()


CASES: Final = (
    Case(rule="reachable", meets=MODERN, breaks="mail postfix off"),
    Case(
        rule="protocol_versions",
        parameters={"allowed": ["TLSv1.2", "TLSv1.3"]},
        meets=MODERN,
        breaks="zoo nginx-old",
    ),
    Case(
        rule="protocol_versions_required",
        parameters={"versions": ["TLSv1.3"]},
        meets=MODERN,
        breaks="zoo nginx-old",
    ),
    Case(
        rule="cipher_suites",
        parameters=intermediate("cipher_suites"),
        meets=MODERN,
        breaks="zoo nginx-old",
    ),
    Case(
        rule="cipher_suites_forbidden",
        parameters={"encryption": ["NULL", "RC4"]},
        meets=MODERN,
        breaks="zoo gnutls-legacy",
    ),
    Case(
        rule="cipher_suites_required",
        parameters={"any_of": ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]},
        meets="zoo apache-tls11-and-tls12",
        breaks="zoo nginx-rsa-server-preference",
    ),
    Case(
        rule="cipher_suite_strength",
        parameters={"minimum": "secure"},
        meets=MODERN,
        breaks="zoo nginx-old",
    ),
    Case(
        rule="cipher_suite_preference",
        parameters={"by": "server"},
        meets="zoo nginx-rsa-server-preference",
        breaks="zoo gnutls-legacy",
    ),
    Case(
        rule="cipher_suite_order",
        meets="zoo apache-tls11-and-tls12",
        breaks="zoo nginx-rsa-server-preference",
    ),
    Case(
        rule="groups",
        parameters={"allowed": ["secp256r1"]},
        meets="zoo openssl-p256-only",
        breaks="zoo openssl-x448-only",
    ),
    Case(
        rule="groups_forbidden",
        parameters={"groups": ["x448"]},
        meets="zoo openssl-p256-only",
        breaks="zoo openssl-x448-only",
    ),
    Case(
        rule="groups_required",
        parameters={"any_of": ["secp256r1"]},
        meets="zoo openssl-p256-only",
        breaks="zoo openssl-x448-only",
    ),
    Case(
        rule="group_strength",
        parameters={"minimum_bits": 192},
        meets="zoo openssl-x448-only",
        breaks="zoo openssl-p256-only",
    ),
    Case(
        rule="signature_schemes",
        parameters={"allowed": ["ed25519"]},
        meets="zoo openssl-ed25519",
        breaks="zoo nginx-old",
    ),
    Case(
        rule="signature_schemes_forbidden",
        parameters={"hashes": ["sha1", "sha224"]},
        meets="zoo openssl-ed25519",
        breaks="zoo nginx-old",
    ),
    Case(
        rule="dh_prime_size",
        parameters={"minimum_bits": 2048},
        meets="zoo gnutls-legacy",
        breaks="field",
    ),
    Case(rule="dh_safe_primes", meets="zoo gnutls-legacy", breaks="field"),
    Case(
        rule="certificate_key",
        parameters={"rsa_bits": 2048},
        meets="chain rsa 2048",
        breaks="chain rsa 1024",
    ),
    Case(
        rule="certificate_signature",
        parameters=intermediate("certificate_signature"),
        meets=SOUND,
        breaks="chain sha-1",
    ),
    Case(
        rule="certificate_lifetime",
        parameters={"limits": [{"max_days": 100}]},
        meets=SOUND,
        breaks="zoo nginx-old",
    ),
    Case(
        rule="certificate_expiry",
        parameters={"days": 7},
        meets=SOUND,
        breaks="chain a day left",
    ),
    Case(rule="certificate_validity", meets=SOUND, breaks="chain expired"),
    Case(
        rule="certificate_problems",
        parameters={"forbidden": ["incomplete", "self_signed"]},
        meets=SOUND,
        breaks="chain no intermediate",
    ),
    Case(rule="certificate_usage", meets="chain for servers", breaks="chain for clients"),
    Case(rule="certificate_trusted", meets=SOUND, breaks="chain unknown root sent"),
    Case(
        rule="certificate_authorities",
        parameters={"allowed": ["CN=lower"]},
        meets=SOUND,
        breaks="chain self-signed",
    ),
    Case(rule="certificate_names", meets=SOUND, breaks="chain wrong host"),
    Case(rule="certificate_not_revoked", meets="chain not revoked", breaks="chain revoked"),
    Case(
        rule="ocsp_stapling",
        parameters={"only_with_responder": False},
        meets=MODERN,
        breaks="zoo nginx-old",
    ),
    Case(
        rule="certificate_transparency",
        parameters={"browsers": ["chrome"]},
        meets="chain scts of two logs",
        breaks="chain no-sct",
    ),
    Case(
        rule="client_certificate_required",
        meets="zoo openssl-client-certificate-required",
        breaks="zoo openssl-client-certificate-requested",
    ),
    Case(
        rule="client_certificate_verified",
        meets="zoo openssl-client-certificate-required",
        breaks="zoo openssl-any-client-certificate",
    ),
    Case(
        rule="client_certificate_authorities",
        parameters={"allowed": ["CN=zoo client*"]},
        meets="zoo openssl-client-certificate-required",
        breaks="asking",
    ),
    Case(
        rule="client_certificate_not_requested",
        meets=MODERN,
        breaks="zoo openssl-client-certificate-required",
    ),
    Case(rule="no_plaintext", meets="mail postfix required", breaks="mail postfix on"),
    Case(rule="starttls_offered", meets="mail postfix on", breaks="mail postfix off"),
    Case(rule="starttls_enforced", meets="mail postfix required", breaks="mail postfix on"),
    Case(rule="no_plaintext_login", meets="mail postfix on", breaks="mail postgresql on"),
    Case(rule="https_redirect", meets="site strict", breaks="site lax"),
    Case(rule="hsts", parameters={"max_age": 31536000}, meets="site strict", breaks="site lax"),
    Case(rule="secure_cookies", meets="site strict", breaks="site lax"),
    Case(
        rule="features_required",
        parameters={"features": ["extended_main_secret"]},
        meets=MODERN,
        breaks="zoo gnutls-legacy",
    ),
    Case(
        rule="features_forbidden",
        parameters={"features": ["client_renegotiation"]},
        meets=MODERN,
        breaks="zoo gnutls-legacy",
    ),
    Case(
        rule="not_vulnerable",
        parameters={"vulnerabilities": ["rc4"]},
        meets=MODERN,
        breaks="zoo gnutls-legacy",
    ),
    Case(
        rule="post_quantum_key_exchange",
        meets="zoo openssl4-post-quantum-and-classic",
        breaks=MODERN,
    ),
    Case(rule="post_quantum_preferred", meets="ordered", breaks=MODERN),
    Case(
        rule="post_quantum_by_secrecy",
        parameters={"safe_until": "2000-01-01"},
        labels={"secrecy_years": "1"},
        meets="zoo openssl4-post-quantum-and-classic",
        breaks=MODERN,
    ),
    Case(
        rule="post_quantum_by_deadline",
        parameters={"deadline": "nist-ir-8547"},
        labels={"secrecy_years": "99"},
        meets="zoo openssl4-post-quantum-and-classic",
        breaks=MODERN,
    ),
    Case(
        rule="ssl_labs_grade",
        parameters={"minimum": "A"},
        meets=MODERN,
        breaks="zoo nginx-old",
    ),
    Case(
        rule="declared_state",
        parameters={"protocols": ["TLSv1.2", "TLSv1.3"], "client_auth": "none"},
        meets=MODERN,
        breaks="zoo openssl-client-certificate-required",
    ),
    Case(
        rule="leaf_certificates",
        certificates=lambda made: {"allowed": [sha256_of(made.rsa.leaf_file)]},
        meets=MODERN,
        breaks="zoo gnutls-legacy",
    ),
)


def test_every_rule_of_tls_has_its_servers() -> None:
    elsewhere = {Family.SSH, Family.QUIC, Family.IKE, Family.DNS}
    of_tls = [rule.name for rule in RULES if rule.family not in elsewhere]
    assert [case.rule for case in CASES] == of_tls


@pytest.mark.slow
@pytest.mark.integration
@pytest.mark.timeout(300)
async def test_every_rule_passes_on_one_real_server_and_fails_on_another(
    certificates: Certificates, tmp_path_factory: pytest.TempPathFactory
) -> None:
    servers = RealServers(certificates=certificates, new_folder=tmp_path_factory.mktemp)
    faults: list[str] = []
    for case in CASES:
        rule = RULES_BY_NAME[case.rule]
        parameters = {**case.parameters, **case.certificates(certificates)}
        judge = rule.bind(rule.parameters.model_validate(parameters))
        for name, wanted in ((case.meets, Outcome.PASS), (case.breaks, Outcome.FAIL)):
            observation = labelled(await servers.observe(name), **case.labels)
            ended_at = observation.started_at + timedelta(seconds=observation.cost.duration_seconds)
            ruling = judge(Subject(observation=observation, at=ended_at))
            if ruling.outcome is not wanted:
                faults.append(
                    f"{case.rule} on {name}: wanted {wanted.value}, "
                    f"found {ruling.outcome.value}: {ruling.observed}"
                )
    assert not faults, "\n".join(faults)
