"""A page, the API and the metrics state the same trust and the same severity of one endpoint."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from exporters.pages.rows import row_of
from exporters.prometheus.families.policies import POLICY_FAMILIES
from model.certificates.certificate import NameAsked, ServedChain, TrustVerdict
from model.findings.finding import Finding, FindingStatus, Outcome, Severity
from model.judging.trust import endpoint_trust
from model.observation import Observation
from model.snapshot import EndpointStatus, Snapshot
from model.verdict import Verdict
from service.http.api.resources.endpoints import endpoint_json
from service.http.api.view import view_of
from tests.service.samples import NOW, deployment, failed, modern
from tests.support.results import failed as failed_rule

YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN


def status(observation: Observation, *findings: Finding) -> EndpointStatus:
    return EndpointStatus(
        observation=observation,
        last_probe_at=NOW,
        last_success_at=NOW,
        consecutive_failures=0,
        interval_seconds=3600.0,
        findings=findings,
        compliance={"house": Verdict.NO},
    )


def in_api(status: EndpointStatus) -> dict[str, Any]:
    (entry,) = view_of(Snapshot(taken_at=NOW, endpoints=(status,))).entries.values()
    return endpoint_json(entry)


def finding(severity: Severity, outcome: Outcome, state: FindingStatus) -> Finding:
    result = replace(failed_rule(f"{severity}{outcome}{state}"), severity=severity, outcome=outcome)
    return Finding(
        endpoint_key=modern().endpoint.key,
        result=result,
        status=state,
        first_seen_at=NOW,
        last_seen_at=NOW,
    )


def chain(name: Verdict, **stores: Verdict) -> ServedChain:
    trust = {store: TrustVerdict(verdict=one, reason=store) for store, one in stores.items()}
    return replace(deployment(), trust=trust, hostname_matches=name)


TRUSTED = chain(YES, mozilla=YES, own=NO)
CASES = [
    ([TRUSTED], "yes", "trusted"),
    ([chain(YES, mozilla=NO, own=NO)], "no", "not trusted"),
    ([chain(YES, mozilla=NO, own=UNKNOWN)], "unknown", "unknown"),
    ([chain(YES)], "unknown", "unknown"),
    ([chain(NO, mozilla=YES)], "no", "wrong name"),
    ([chain(UNKNOWN, mozilla=YES)], "unknown", "unknown"),
    ([TRUSTED, chain(YES, mozilla=UNKNOWN), chain(NO, mozilla=YES)], "no", "wrong name"),
    ([TRUSTED, replace(chain(NO, mozilla=NO), names=(NameAsked.NO_NAME,))], "yes", "trusted"),
]


@pytest.mark.parametrize(("chains", "verdict", "words"), CASES)
def test_the_page_and_the_api_state_the_trust_in_the_worst_own_chain(
    chains: list[ServedChain], verdict: str, words: str
) -> None:
    observation = replace(modern(), certificates=tuple(chains))
    found = endpoint_trust(observation)
    assert found is not None
    assert found.verdict.value == verdict
    shown = status(observation)
    assert in_api(shown)["trusted"] == verdict
    badge = row_of(shown).trust
    assert badge is not None
    assert badge.text == words


def test_an_endpoint_without_certificates_has_no_trust() -> None:
    assert endpoint_trust(failed()) is None


def test_what_is_unknown_or_waived_is_not_a_violation() -> None:
    shown = status(
        modern(),
        finding(Severity.CRITICAL, Outcome.UNKNOWN, FindingStatus.OPEN),
        finding(Severity.CRITICAL, Outcome.FAIL, FindingStatus.WAIVED),
        finding(Severity.MEDIUM, Outcome.FAIL, FindingStatus.OPEN),
        finding(Severity.LOW, Outcome.FAIL, FindingStatus.OPEN),
    )
    counts = {"critical": 0, "high": 0, "medium": 1, "low": 1, "info": 0}
    answer = in_api(shown)
    assert answer["severity"] == "medium"
    assert answer["findings"] == {**counts, "unknown": 1, "waived": 1}
    row = row_of(shown)
    assert row.worst is Severity.MEDIUM
    assert [badge.text for badge in row.findings] == ["1 medium", "1 low", "1 unknown"]
    samples = next(one for one in POLICY_FAMILIES if one.name == "findings").samples(shown)
    assert {labels[1]: value for labels, value in samples} == counts
