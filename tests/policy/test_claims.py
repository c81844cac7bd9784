"""Claims are compared with an Observation by the same rules as policies."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from model.claims import CLAIMS_POLICY, Claim, ClaimedRule, ClaimVerdict, SourceProof
from model.claims.claims_json import claims_digest
from model.claims.held import HeldClaim
from model.findings.finding import Outcome
from model.observation import Observation, State
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict
from policy.assess import applied, assess
from policy.claims import ClaimError, check_claim, hold_all
from policy.rule import Subject
from tests.policy.observed import AT, NO, UNKNOWN, YES, endpoint, speaking, unreached

MODERN = {"rule": "protocol_versions", "parameters": {"allowed": ["TLSv1.2", "TLSv1.3"]}}
STATEMENT = "listener 443 of web uses ELBSecurityPolicy-TLS13-1-2-2021-06"


def claim(*rules: dict[str, Any], **changes: Any) -> Claim:
    """A claim of these rules, with changes to its other fields."""
    listener = Claim(
        name="elb_security_policy",
        statement=STATEMENT,
        source="AWS DescribeListeners",
        resource="arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/web/1/2",
        rules=tuple(ClaimedRule(**rule) for rule in rules),
    )
    return replace(listener, **changes)


def claiming(observation: Observation, *claims: Claim) -> Observation:
    """The observation of a target with these claims."""
    target = replace(observation.endpoint.target, claims=claims)
    return replace(observation, endpoint=replace(observation.endpoint, target=target))


def verdict(held: Claim, observation: Observation) -> ClaimVerdict:
    return shown(held, observation).verdict


def shown(held: Claim, observation: Observation) -> HeldClaim:
    ((found, _),) = hold_all(Subject(observation=claiming(observation, held), at=AT))
    return found


def with_tls_1_0(fact: Any) -> Observation:
    return endpoint(protocols=speaking({ProtocolVersion.TLSV1_0: fact}))


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (NO, ClaimVerdict.PROVED),
        (YES, ClaimVerdict.CONTRADICTED),
        (UNKNOWN, ClaimVerdict.UNPROVABLE),
    ],
)
def test_a_claim_has_the_verdict_of_its_rule(fact: Any, expected: ClaimVerdict) -> None:
    assert verdict(claim(MODERN), with_tls_1_0(fact)) is expected


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (YES, ClaimVerdict.PROVED),
        (NO, ClaimVerdict.CONTRADICTED),
        (UNKNOWN, ClaimVerdict.UNPROVABLE),
    ],
)
def test_a_weakness_is_disproved_where_its_rule_is_met(fact: Any, expected: ClaimVerdict) -> None:
    assert verdict(claim(MODERN, is_weakness=True), with_tls_1_0(fact)) is expected


def test_all_rules_of_a_claim_must_be_met() -> None:
    required = {"rule": "client_certificate_required", "parameters": {}}
    assert verdict(claim(MODERN, required), endpoint()) is ClaimVerdict.CONTRADICTED


def test_a_claim_that_no_visit_can_prove_says_why() -> None:
    held = claim(unprovable="MACsec has no wire that a probe sees")
    found = shown(held, endpoint())
    assert found.verdict is ClaimVerdict.UNPROVABLE
    assert found.observed == "MACsec has no wire that a probe sees"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (Verdict.YES, ClaimVerdict.PROVED),
        (Verdict.NO, ClaimVerdict.CONTRADICTED),
        (Verdict.UNKNOWN, ClaimVerdict.UNPROVABLE),
    ],
)
def test_what_a_source_has_found_out_counts_whatever_the_endpoint_answers(
    found: Verdict, expected: ClaimVerdict
) -> None:
    held = claim(proof=SourceProof(verdict=found, observed="403 over HTTP, 200 over HTTPS"))
    for seen in (endpoint(), unreached(State.TIMEOUT)):
        said = shown(held, seen)
        assert (said.verdict, said.observed) == (expected, "403 over HTTP, 200 over HTTPS")
        assert said.evidence is not None
        (result,) = assess(claiming(seen, held), (), AT).results
        assert result.rule_id == "TP-CLAIM-001"


@pytest.mark.parametrize("state", [State.TIMEOUT, State.UNREACHABLE, State.REFUSED, State.NOT_TLS])
def test_a_claim_about_an_endpoint_that_does_not_answer_is_not_reached(state: State) -> None:
    assert verdict(claim(MODERN), unreached(state)) is ClaimVerdict.NOT_REACHED
    assert assess(claiming(unreached(state), claim(MODERN)), (), AT).results == ()


def test_a_plaintext_answer_contradicts_what_is_said_of_tls() -> None:
    plain = replace(unreached(State.PLAINTEXT), plaintext={"answers_in_plaintext": YES})
    found = shown(claim(MODERN), plain)
    assert found.verdict is ClaimVerdict.CONTRADICTED
    assert found.evidence == YES.evidence


def test_a_claim_has_a_result_with_its_source_and_evidence() -> None:
    observation = claiming(with_tls_1_0(YES), claim(MODERN))
    (result,) = assess(observation, (), AT).results
    assert (result.policy, result.rule) == (CLAIMS_POLICY, "elb_security_policy")
    assert (result.rule_id, result.outcome) == ("TP-CLAIM-001", Outcome.FAIL)
    assert result.evidence == YES.evidence
    assert result.source.startswith("AWS DescribeListeners, arn:aws:")
    assert STATEMENT in result.violation
    assert "TLS 1.0 accepted" in result.violation


def test_claims_of_one_name_share_the_result_of_the_worst() -> None:
    weaker = {"rule": "protocol_versions", "parameters": {"allowed": ["TLSv1.0", "TLSv1.2"]}}
    observation = claiming(endpoint(), claim(MODERN), claim(weaker, resource="another"))
    (result,) = assess(observation, (), AT).results
    assert result.outcome is Outcome.FAIL
    assert result.source.endswith("another")


def test_claims_count_for_compliance_and_are_judged_again_when_they_change() -> None:
    observation = claiming(with_tls_1_0(YES), claim(MODERN))
    assessment = assess(observation, (), AT)
    assert assessment.compliance(CLAIMS_POLICY) is Verdict.NO
    target = observation.endpoint.target
    assert assessment.policies == applied((), target)
    changed = replace(target, claims=(claim(MODERN, statement="another"),))
    assert assessment.policies != applied((), changed)


def test_a_scanner_that_is_wrong_makes_no_endpoint_non_compliant() -> None:
    reported = claim(MODERN, is_weakness=True)
    assessment = assess(claiming(with_tls_1_0(NO), reported), (), AT)
    (result,) = assessment.results
    assert (result.rule_id, result.outcome) == ("TP-CLAIM-002", Outcome.FAIL)
    assert result.violation.startswith("Reported, but not so: ")
    assert assessment.compliance(CLAIMS_POLICY) is Verdict.YES


def test_the_time_of_reading_changes_nothing() -> None:
    later = claim(MODERN, read_at=datetime(2026, 11, 30, tzinfo=UTC))
    assert claims_digest([later]) == claims_digest([claim(MODERN)])
    assert later == claim(MODERN)


@pytest.mark.parametrize(
    ("rule", "named"),
    [
        ({"rule": "protocol_version", "parameters": {}}, "protocol_version"),
        ({"rule": "protocol_versions", "parameters": {"allowed": ["TLSv9"]}}, "allowed"),
    ],
)
def test_a_claim_of_an_unknown_rule_or_parameter_is_an_error(
    rule: dict[str, Any], named: str
) -> None:
    with pytest.raises(ClaimError, match=named):
        check_claim(claim(rule))
    found = shown(claim(rule), endpoint())
    assert found.verdict is ClaimVerdict.UNPROVABLE, "a newer release may have stored it"
    assert named in found.observed
