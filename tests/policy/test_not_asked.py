"""Rules on facts that need a higher intrusiveness level: not asked, neither met nor unknown."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from model.findings.finding import FindingStatus, Outcome
from model.findings.finding_life import live_on
from model.intrusiveness import Intrusiveness
from model.observation import ClientAuth, ClientAuthMode, Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Fact, Verdict
from policy import assess
from tests.policy.observed import AT, NO, YES, endpoint, policy

LEVELS = {
    "heartbleed": Intrusiveness.FULL,
    "client_renegotiation": Intrusiveness.FULL,
    "hsts": Intrusiveness.STANDARD,
    "answers_in_plaintext": Intrusiveness.STANDARD,
    "client_auth.verifies": Intrusiveness.STANDARD,
}


def unasked(**others: Any) -> Observation:
    return replace(endpoint(), not_asked=LEVELS, **others)


@pytest.mark.parametrize(
    ("rules", "needed"),
    [
        ({"not_vulnerable": {"vulnerabilities": ["heartbleed"]}}, Intrusiveness.FULL),
        ({"features_forbidden": {"features": ["client_renegotiation"]}}, Intrusiveness.FULL),
        ({"hsts": {}}, Intrusiveness.STANDARD),
        ({"no_plaintext": {}}, Intrusiveness.STANDARD),
    ],
)
def test_a_rule_that_needs_an_unprobed_fact_reports_it(
    rules: dict[str, dict[str, Any]], needed: Intrusiveness
) -> None:
    assessment = assess(unasked(alpn=("http/1.1",)), (policy("one", rules),), AT)
    (result,) = assessment.results
    assert result.outcome is Outcome.NOT_ASKED
    assert f"needs intrusiveness {needed}" in result.observed
    assert assessment.compliance("one") is Verdict.YES
    assert live_on((), assessment) == ()


def test_forged_certificates_that_were_not_presented_prove_nothing() -> None:
    auth = {
        version: ClientAuth(mode=ClientAuthMode.REQUIRED)
        for version, fact in endpoint().protocols.items()
        if fact.verdict is Verdict.YES and version is not ProtocolVersion.SSLV2
    }
    rules: dict[str, dict[str, Any]] = {"client_certificate_verified": {}}
    (result,) = assess(unasked(client_auth=auth), (policy("one", rules),), AT).results
    assert result.outcome is Outcome.NOT_ASKED


def test_one_vulnerability_is_a_failure_even_if_another_was_not_probed() -> None:
    rules: dict[str, dict[str, Any]] = {
        "not_vulnerable": {"vulnerabilities": ["heartbleed", "rc4"]}
    }
    for fact, outcome in ((YES, Outcome.FAIL), (NO, Outcome.NOT_ASKED)):
        observation = unasked(vulnerabilities={"rc4": fact})
        (result,) = assess(observation, (policy("one", rules),), AT).results
        assert result.outcome is outcome


def test_a_finding_is_not_resolved_by_a_visit_that_did_not_check_it() -> None:
    rules: dict[str, dict[str, Any]] = {"not_vulnerable": {"vulnerabilities": ["heartbleed"]}}
    one = (policy("one", rules),)
    open_one = replace(endpoint(), vulnerabilities={"heartbleed": Fact(verdict=Verdict.YES)})
    found = live_on((), assess(open_one, one, AT))
    assert [finding.status for finding in found] == [FindingStatus.OPEN]
    assert live_on(found, assess(unasked(), one, AT)) == found
    safe = replace(endpoint(), vulnerabilities={"heartbleed": Fact(verdict=Verdict.NO)})
    resolved = live_on(found, assess(safe, one, AT))
    assert [finding.status for finding in resolved] == [FindingStatus.RESOLVED]
