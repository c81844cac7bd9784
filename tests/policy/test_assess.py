"""Every applicable policy judges an Observation, using only its proofs."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.findings.finding import Outcome
from model.observation import Observation, State
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.verdict import Verdict
from policy import RULES, Policy, assess, profile
from policy.files.named_policies import named_policies
from policy.files.profiles import profiles
from tests.policy.observed import (
    AT,
    NO,
    UNKNOWN,
    YES,
    accepting,
    endpoint,
    policy,
    results,
    unreached,
)
from tests.service.samples import certificate, deployment
from tests.support.strategies import observations

OWN_PROFILES = [profile(name) for name in profiles() if name not in named_policies()]
VERSIONS = {"protocol_versions": {"allowed": ["TLSv1.2", "TLSv1.3"]}, "reachable": {}}


def test_every_policy_that_applies_has_its_results() -> None:
    web = policy("web", VERSIONS, labels={"team": ("web", "shop")})
    mail = policy("mail", VERSIONS, protocols=("smtp",))
    assessment = assess(endpoint(), (web, mail), AT)
    assert set(assessment.policies) == {"web"}
    assert {result.policy for result in assessment.results} == {"web"}
    assert assessment.compliance("web") is Verdict.YES


def test_a_policy_that_was_not_assessed_is_unknown() -> None:
    mail = policy("mail", VERSIONS, protocols=("smtp",))
    assert assess(endpoint(), (mail,), AT).compliance("mail") is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        (State.TIMEOUT, Outcome.UNKNOWN),
        (State.UNREACHABLE, Outcome.UNKNOWN),
        (State.DNS_ERROR, Outcome.UNKNOWN),
        (State.REFUSED, Outcome.UNKNOWN),
        (State.ERROR, Outcome.UNKNOWN),
        (State.PLAINTEXT, Outcome.FAIL),
        (State.NOT_TLS, Outcome.FAIL),
    ],
)
def test_an_endpoint_without_a_handshake_is_one_finding_and_nothing_else(
    state: State, outcome: Outcome
) -> None:
    assessment = assess(unreached(state), (policy("web", VERSIONS),), AT)
    assert [(one.rule, one.outcome) for one in assessment.results] == [("reachable", outcome)]
    assert not assessment.is_whole
    assert assessment.compliance("web") is not Verdict.YES


def test_a_plaintext_endpoint_is_judged_by_its_plaintext_facts() -> None:
    in_plaintext = replace(
        unreached(State.PLAINTEXT), plaintext={"starttls_offered": NO, "answers_in_plaintext": YES}
    )
    rules = {**VERSIONS, "no_plaintext": {}, "starttls_offered": {}}
    assessment = assess(in_plaintext, (policy("mail", rules),), AT)
    assert {one.rule: one.outcome for one in assessment.results} == dict.fromkeys(
        ("reachable", "no_plaintext", "starttls_offered"), Outcome.FAIL
    )
    assert not assessment.is_whole


@pytest.mark.parametrize(
    ("protocol", "outcome"),
    [
        ("tls", Outcome.NOT_APPLICABLE),
        ("imaps", Outcome.NOT_APPLICABLE),
        ("imap", Outcome.UNKNOWN),
        ("auto", Outcome.UNKNOWN),
    ],
)
def test_starttls_is_not_probed_if_the_protocol_begins_with_tls(
    protocol: str, outcome: Outcome
) -> None:
    seen = endpoint()
    target = replace(seen.endpoint.target, protocol=protocol)
    observation = replace(seen, endpoint=replace(seen.endpoint, target=target))
    rules = ("starttls_offered", "starttls_enforced", "no_plaintext_login")
    mail = policy("mail", {name: {} for name in rules})
    assert [one.outcome for one in results(observation, mail)] == [outcome] * len(rules)


def test_a_version_that_is_not_known_to_be_refused_does_not_pass() -> None:
    observation = endpoint()
    doubtful = replace(
        observation, protocols={**observation.protocols, ProtocolVersion.TLSV1_0: UNKNOWN}
    )
    (result, _) = results(doubtful, policy("web", VERSIONS))
    assert result.outcome is Outcome.UNKNOWN
    assert "TLS 1.0" in result.observed
    assert result.violation == (
        "Not verified: Only the allowed protocol versions may be offered "
        "(not known whether TLS 1.0 is offered)"
    )


def test_a_certificate_with_very_many_names_gives_a_short_finding() -> None:
    names = tuple(f"{'a' * 1000}{number}.example" for number in range(3000))
    chain = deployment(leaf=replace(certificate(), dns_names=names))
    hostile = endpoint(certificates=(chain,))
    (result,) = results(hostile, policy("web", {"certificate_names": {"allowed": ["b.example"]}}))
    assert result.outcome is Outcome.FAIL
    assert len(result.observed) <= 4001
    assert len(result.violation) <= 4001


def test_no_two_rules_have_one_name_or_identifier() -> None:
    names = [rule.name for rule in RULES]
    identifiers = [rule.identifier for rule in RULES]
    assert len(set(names)) == len(set(identifiers)) == len(RULES)


def test_dtls_is_judged_as_its_tls_version_and_reported_by_its_own_name() -> None:
    dtls = endpoint(
        protocols={ProtocolVersion.DTLSV1_0: YES, ProtocolVersion.DTLSV1_2: YES},
        cipher_suites={
            ProtocolVersion.DTLSV1_2: accepting(["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"])
        },
    )
    only_12 = {"protocol_versions": {"allowed": ["TLSv1.2", "TLSv1.3"]}}
    (result,) = results(dtls, policy("web", only_12))
    assert (result.outcome, result.observed) == (Outcome.FAIL, "DTLS 1.0 accepted")
    assert result.violation == "DTLS 1.0 is offered"
    assert result.required == "only DTLS 1.2, TLS 1.3"
    tls13_too = {"protocol_versions": {"allowed": ["TLSv1.1", "TLSv1.2"]}}
    (result,) = results(dtls, policy("web", tls13_too))
    assert result.outcome is Outcome.UNKNOWN


@given(observations(), st.sampled_from(OWN_PROFILES))
def test_any_observation_can_be_judged_and_an_incomplete_one_is_never_compliant(
    observation: Observation, policy: Policy
) -> None:
    assessment = assess(observation, (policy,), AT)
    # The statement of a claim is what its source says: any text.
    of_policy = [result for result in assessment.results if result.policy == policy.name]
    assert all(result.observed and result.required for result in of_policy)
    is_on_versions = any(one.rule.name == "protocol_versions" for one in policy.rules)
    is_complete = len(observation.protocols) >= len(STREAM_VERSIONS)
    # Rules on TLS do not apply to a server that has proved to speak SSH.
    is_settled = observation.state is State.SSH or (observation.answered and is_complete)
    if is_on_versions and not is_settled:
        assert assessment.compliance(policy.name) is not Verdict.YES
