from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given

from exporters.terminal.remarks import expiry_severity, remarks
from model.certificates.certificate import KeyType, Problem, TrustVerdict
from model.certificates.lifetime import expiry_text
from model.findings.finding import Severity
from model.observation import (
    ClientAuth,
    ClientAuthMode,
    Contradiction,
    Observation,
    OwnAttempt,
)
from model.protocol_version import ProtocolVersion
from model.verdict import Fact, Verdict
from tests.service.samples import NOW, certificate, deployment, failed, legacy, modern
from tests.support.strategies import observations


def texts(observation: Observation, severity: Severity) -> list[str]:
    return [each.text for each in remarks(observation, NOW) if each.severity is severity]


def test_nothing_is_reported_for_an_endpoint_without_problems() -> None:
    assert remarks(modern(), NOW) == ()


def test_a_visit_without_facts_has_its_reason_only_in_the_heading() -> None:
    assert remarks(failed(), NOW) == ()


def test_the_most_severe_is_reported_first() -> None:
    assert [(each.severity.value, each.text) for each in remarks(legacy(), NOW)] == [
        ("critical", "certificate expired 3 days ago"),
        (
            "critical",
            (
                "client certificates are required but not verified: a forged one was accepted "
                "(TLS 1.0, TLS 1.1)"
            ),
        ),
        ("high", "1 insecure cipher suite is accepted: broken cipher, no forward secrecy"),
        ("medium", "TLS 1.0 and TLS 1.1 are offered (deprecated, RFC 8996)"),
        ("low", "TLS 1.3 is not offered"),
    ]


def test_attacks_are_reported_with_their_cve_numbers_and_differing_backends() -> None:
    yes, no = Fact(verdict=Verdict.YES), Fact(verdict=Verdict.NO)
    observation = replace(
        modern(),
        vulnerabilities={"robot": yes, "heartbleed": yes, "sweet32": yes, "beast": no},
        contradictions=(Contradiction(subject="the same hello got two answers", answers=()),),
    )
    assert texts(observation, Severity.CRITICAL) == [
        "vulnerable to Heartbleed (CVE-2014-0160)",
        "vulnerable to ROBOT (CVE-2017-13099)",
    ]
    assert texts(observation, Severity.MEDIUM) == [
        "vulnerable to SWEET32 (CVE-2016-2183)",
        "the same hello got two answers",
    ]
    assert texts(observation, Severity.LOW) == []


def test_each_of_several_chains_is_named_by_its_key() -> None:
    rsa = replace(deployment(Problem.INCOMPLETE), key_type=KeyType.RSA)
    observation = replace(modern(), certificates=(deployment(), rsa))
    assert texts(observation, Severity.HIGH) == [
        (
            "RSA certificate chain ends at CN=Example CA, which is in no trust store: "
            "a private CA (--trust-store) or a missing intermediate"
        )
    ]


@pytest.mark.parametrize("problem", list(Problem))
def test_every_problem_of_a_chain_is_reported(problem: Problem) -> None:
    observation = replace(modern(), certificates=(deployment(problem),))
    assert remarks(observation, NOW)


def test_distrust_without_a_problem_is_reported_with_its_reason() -> None:
    distrusted = {"mozilla": TrustVerdict(verdict=Verdict.NO, reason="a constraint forbids it")}
    observation = replace(modern(), certificates=(replace(deployment(), trust=distrusted),))
    assert texts(observation, Severity.HIGH) == [
        "certificate chain is not trusted by mozilla (a constraint forbids it)"
    ]


def test_trust_by_one_of_several_stores_is_enough() -> None:
    trust = {
        "mozilla": TrustVerdict(verdict=Verdict.NO, reason="unknown"),
        "own": TrustVerdict(verdict=Verdict.YES),
    }
    observation = replace(modern(), certificates=(replace(deployment(), trust=trust),))
    assert remarks(observation, NOW) == ()


def test_facts_that_stayed_unknown_are_reported() -> None:
    observation = replace(modern(), reason="the server fell silent halfway")
    assert texts(observation, Severity.MEDIUM) == ["the server fell silent halfway"]


# 398 days: 30 and 7 days; 90 days: 22.5 and 7; 47 days: 11.75 and 4.7; 160 hours: 40 and 16 hours.
@pytest.mark.parametrize(
    ("lifetime_days", "days_left", "expected"),
    [
        (398, 30.1, None),
        (398, 29.9, Severity.MEDIUM),
        (398, 6.9, Severity.HIGH),
        (90, 22.6, None),
        (90, 22.4, Severity.MEDIUM),
        (47, 4.8, Severity.MEDIUM),
        (47, 4.6, Severity.HIGH),
        (160 / 24, 41 / 24, None),
        (160 / 24, 39 / 24, Severity.MEDIUM),
        (160 / 24, 15 / 24, Severity.HIGH),
        (90, -1, Severity.CRITICAL),
    ],
)
def test_expiry_is_judged_by_the_lifetime(
    lifetime_days: float, days_left: float, expected: Severity | None
) -> None:
    leaf = certificate(days_left=days_left, lifetime_days=lifetime_days)
    assert expiry_severity(leaf, NOW) is expected


def test_an_intermediate_that_expires_soon_is_reported() -> None:
    chain = (certificate(), certificate("CN=Example CA", days_left=5))
    observation = replace(modern(), certificates=(replace(deployment(), chain=chain),))
    assert texts(observation, Severity.HIGH) == ["intermediate certificate expires in 5 days"]


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (timedelta(days=60, hours=23), "expires in 60 days"),
        (timedelta(hours=47), "expires in 47 hours"),
        (timedelta(minutes=90), "expires in 1 hour"),
        (timedelta(0), "expires in less than an hour"),
        (timedelta(hours=-1), "expired 1 hour ago"),
        (timedelta(days=-3), "expired 3 days ago"),
    ],
)
def test_expiry_reads_well_in_all_states(left: timedelta, expected: str) -> None:
    assert expiry_text(NOW + left, NOW) == expected


@pytest.mark.slow
@given(observations())
def test_any_observation_has_remarks_worst_first(observation: Observation) -> None:
    ranks = [each.severity.rank for each in remarks(observation, NOW)]
    assert ranks == sorted(ranks, reverse=True)


@pytest.mark.parametrize(
    ("days_left", "accepted", "told"),
    [
        (30, Verdict.YES, []),
        (30, Verdict.NO, ["the client certificate ours is refused (TLS 1.2)"]),
        (-1, Verdict.NO, []),
        (
            -1,
            Verdict.YES,
            ["the client certificate ours is accepted, though it has expired (TLS 1.2)"],
        ),
        (-1, Verdict.UNKNOWN, []),
    ],
)
def test_the_certificate_of_the_user_is_a_canary(
    days_left: int, accepted: Verdict, told: list[str]
) -> None:
    own = OwnAttempt(
        identity="ours",
        sha256=64 * "0",
        not_after=NOW + timedelta(days=days_left),
        is_accepted=accepted,
    )
    auth = ClientAuth(mode=ClientAuthMode.REQUIRED, verifies=Verdict.YES)
    for tried in (replace(auth, own=own), replace(auth, expired=own)):
        observation = replace(modern(), client_auth={ProtocolVersion.TLSV1_2: tried})
        assert texts(observation, Severity.HIGH) == told


def test_plaintext_access_is_reported() -> None:
    yes, no = Fact(verdict=Verdict.YES), Fact(verdict=Verdict.NO)
    clear = Fact(verdict=Verdict.YES, value="http on port 80")
    observation = replace(
        modern(),
        plaintext={"answers_in_plaintext": clear, "login_before_tls": yes},
        http={
            "redirects_to_https": no,
            "redirect_downgrade": Fact(verdict=Verdict.YES, value="http://a/"),
        },
    )
    assert texts(observation, Severity.HIGH) == [
        "the service also answers without TLS (http on port 80), and does not redirect to HTTPS",
        "login is offered in plaintext, before TLS",
        "HTTPS redirects to plain HTTP (http://a/)",
    ]
    leading_on = replace(
        modern(), plaintext={"answers_in_plaintext": clear}, http={"redirects_to_https": yes}
    )
    assert texts(leading_on, Severity.HIGH) == []


def test_a_starttls_service_that_also_allows_plaintext_is_a_warning() -> None:
    yes = Fact(verdict=Verdict.YES)
    observation = replace(
        modern(), plaintext={"answers_in_plaintext": yes, "starttls_offered": yes}
    )
    assert texts(observation, Severity.MEDIUM) == ["the service also answers without TLS"]
    assert texts(observation, Severity.HIGH) == []
