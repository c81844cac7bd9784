"""The database treats Findings like ``model.findings.finding_life``, and stores past compliance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.findings.alert import Alert, AlertKind
from model.findings.finding import (
    Assessment,
    Finding,
    FindingStatus,
    Outcome,
    RuleResult,
    Severity,
    Waiver,
)
from model.findings.finding_life import live_on
from model.observation import Observation
from model.query import Selection
from model.verdict import Evidence, Verdict
from storage import SqlStore
from tests.storage.samples import INTERVAL, NOON, observation, refusal, schedule

pytestmark = pytest.mark.slow

PROOF = Evidence(offer=b"\x16\x03\x01", answer=b"\x15\x03\x01", note="refused")


def result(
    rule: str = "no-tls1.0", outcome: Outcome = Outcome.FAIL, observed: str = "accepted"
) -> RuleResult:
    return RuleResult(
        policy="intermediate",
        rule=rule,
        severity=Severity.HIGH,
        outcome=outcome,
        rule_id="TP-TLS-001",
        requirement="TLS 1.0 must not be offered",
        violation="TLS 1.0 is offered",
        observed=observed,
        required="refused",
        source="RFC 8996, section 2",
        evidence=PROOF,
    )


def assessment(
    visit: Observation, results: Sequence[RuleResult], *, is_whole: bool = True
) -> Assessment:
    return Assessment(
        endpoint_key=visit.endpoint.key,
        assessed_at=visit.started_at,
        policies={"intermediate": "sha256:1"},
        results=tuple(results),
        is_whole=is_whole,
    )


async def record(
    store: SqlStore,
    results: Sequence[RuleResult],
    *,
    hour: int = 0,
    host: str = "a.example",
    is_whole: bool = True,
) -> None:
    visit = observation(host, hour=hour) if is_whole else refusal(host, hour=hour)
    await store.record(visit, schedule(visit), assessment(visit, results, is_whole=is_whole))


async def test_a_failed_rule_is_a_finding_with_its_text_and_proof(store: SqlStore) -> None:
    await record(store, [result(), result("hsts", Outcome.PASS)])
    (found,) = await store.findings()
    assert found == Finding(
        endpoint_key="a.example:443@127.0.0.1",
        result=result(),
        status=FindingStatus.OPEN,
        first_seen_at=NOON,
        last_seen_at=NOON,
    )


async def test_a_status_has_the_open_findings_and_the_compliance(store: SqlStore) -> None:
    await record(store, [result()])
    await record(store, [result("hsts", Outcome.PASS)], host="b.example")
    bad, good = await store.statuses()
    assert [one.result.rule for one in bad.findings] == ["no-tls1.0"]
    assert bad.compliance == {"intermediate": Verdict.NO}
    assert good.findings == ()
    assert good.compliance == {"intermediate": Verdict.YES}


async def test_a_finding_that_stays_is_seen_at_the_newest_visit(store: SqlStore) -> None:
    for hour in range(3):
        await record(store, [result()], hour=hour)
    (found,) = await store.findings()
    assert (found.first_seen_at, found.last_seen_at) == (NOON, NOON + 2 * INTERVAL)


async def test_a_visit_that_was_not_judged_does_not_change_findings(store: SqlStore) -> None:
    await record(store, [result()])
    visit = observation(hour=1)
    await store.record(visit, schedule(visit))
    (found,) = await store.findings()
    assert found.last_seen_at == NOON


async def test_a_finding_is_resolved_by_proof_and_reopened_by_proof(store: SqlStore) -> None:
    passed = result(outcome=Outcome.PASS)
    for hour, outcome in enumerate([result(), passed, result(), passed]):
        await record(store, [outcome], hour=hour)
    assert await store.findings() == []
    (found,) = await store.findings(with_resolved=True)
    assert found.status is FindingStatus.RESOLVED
    assert found.reopened == 1
    assert (found.first_seen_at, found.resolved_at) == (NOON, NOON + 3 * INTERVAL)
    openings = await store.resolved_findings()
    assert [one.reopened for one in openings["a.example:443@127.0.0.1"]] == [0, 1]


async def test_an_endpoint_that_is_not_reached_keeps_its_findings_and_is_not_compliant(
    store: SqlStore,
) -> None:
    await record(store, [result()])
    await record(store, [], hour=1, is_whole=False)
    (status,) = await store.statuses()
    assert [one.last_seen_at for one in status.findings] == [NOON]
    assert status.compliance == {"intermediate": Verdict.UNKNOWN}


async def test_findings_are_selected_by_place_and_label(store: SqlStore) -> None:
    for host in ("a.example", "b.example"):
        await record(store, [result()], host=host)
    assert len(await store.findings(Selection(labels={"team": "web"}))) == 2
    assert await store.findings(Selection(labels={"team": "db"})) == []
    for place in ("b.example", "b.example:443", "b.example:443@127.0.0.1"):
        (found,) = await store.findings(Selection(place=place))
        assert found.endpoint_key == "b.example:443@127.0.0.1"


async def test_the_assessment_of_another_endpoint_is_refused(store: SqlStore) -> None:
    visit = observation()
    other = assessment(observation("b.example"), [])
    with pytest.raises(ValueError, match=r"the assessment of b\.example:443@127\.0\.0\.1 came"):
        await store.record(visit, schedule(visit), other)


_RESULTS = st.lists(
    st.builds(
        result,
        rule=st.sampled_from(["a", "b"]),
        outcome=st.sampled_from(Outcome),
        observed=st.sampled_from(["one", "two"]),
    ),
    max_size=2,
    unique_by=lambda one: one.rule,
)


@given(lives=st.lists(st.tuples(_RESULTS, st.booleans()), max_size=8))
@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_findings_change_state_as_in_the_model(
    store: SqlStore, lives: list[tuple[list[RuleResult], bool]]
) -> None:
    """Each example is an endpoint of its own in one database."""
    host = f"h{len(await store.statuses())}.example"
    known: tuple[Finding, ...] = ()
    for hour, (results, is_whole) in enumerate(lives):
        visit = observation(host, hour=hour)
        judged = assessment(visit, results, is_whole=is_whole)
        await store.record(visit, schedule(visit), judged)
        known = live_on(known, judged)
    found = await store.findings(Selection(place=host), with_resolved=True)
    assert set(found) == set(known)


async def test_the_history_has_the_findings_and_compliance_of_its_time(store: SqlStore) -> None:
    passed = result(outcome=Outcome.PASS)
    for hour, outcome in enumerate([passed, result(), passed]):
        await record(store, [outcome], hour=hour)

    async def at(moment: datetime) -> tuple[int, Verdict]:
        (status,) = (await store.snapshot_at(moment)).endpoints
        return len(status.findings), status.compliance["intermediate"]

    half = timedelta(minutes=30)
    assert await at(NOON + half) == (0, Verdict.YES)
    assert await at(NOON + INTERVAL + half) == (1, Verdict.NO)
    assert await at(NOON + 2 * INTERVAL + half) == (0, Verdict.YES)
    assert (await store.snapshot_at(NOON - half)).endpoints == ()


async def test_the_compliance_of_past_times_is_counted(store: SqlStore) -> None:
    passed = result(outcome=Outcome.PASS)
    for hour, outcome in enumerate([passed, result(), passed]):
        await record(store, [outcome], hour=hour)
    await record(store, [passed], host="b.example")
    half = timedelta(minutes=30)
    moments = [NOON - half, NOON, NOON + INTERVAL + half, NOON + 2 * INTERVAL]
    counts = await store.compliance_counts(moments)
    assert {(one.at, one.policy, one.verdict): one.endpoints for one in counts} == {
        (moments[1], "intermediate", Verdict.YES): 2,
        (moments[2], "intermediate", Verdict.YES): 1,
        (moments[2], "intermediate", Verdict.NO): 1,
        (moments[3], "intermediate", Verdict.YES): 2,
    }
    assert await store.compliance_counts([]) == []


async def test_a_waiver_is_stored_replaced_and_removed(store: SqlStore) -> None:
    first = Waiver(
        name="legacy", rule="no-tls1.0", reason="old", owner="ops", expires_at=NOON + INTERVAL
    )
    second = Waiver(
        name="legacy",
        rule="no-tls1.0",
        policy="intermediate",
        target="a.example:443",
        labels={"team": "web"},
        reason="still old",
        owner="ops",
        expires_at=NOON + 2 * INTERVAL,
    )
    for waiver in (first, second):
        await store.put_waiver(waiver)
    assert await store.waivers() == [second]
    assert await store.remove_waiver("legacy")
    assert not await store.remove_waiver("legacy")
    assert await store.waivers() == []


async def test_reported_alerts_are_stored_replaced_and_removed_for_each_notifier(
    store: SqlStore,
) -> None:
    first = Alert(
        kind=AlertKind.FINDING,
        target="www.example:443",
        severity=Severity.HIGH,
        violation="TLS 1.0 is offered",
        requirement="TLS 1.0 must not be offered",
        observed="accepted",
        required="refused",
        since=NOON,
        policy="intermediate",
        rule="versions",
        rule_id="TP-TLS-001",
        addresses=("192.0.2.1",),
        labels={"team": "web"},
    )
    second = replace(first, kind=AlertKind.EXPIRY, certificate="ab" * 32, not_after=NOON)
    worse = replace(first, severity=Severity.CRITICAL)
    await store.put_reported_alerts("ops", [first, second])
    await store.put_reported_alerts("web", [first])
    await store.put_reported_alerts("ops", [worse], ended=[second.key])
    assert await store.reported_alerts("ops") == [worse]
    assert await store.reported_alerts("web") == [first]
    assert await store.reported_alerts("nobody") == []
