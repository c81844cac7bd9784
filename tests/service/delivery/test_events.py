"""The starts and ends between two Snapshots, and which Snapshots prove nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.notifications import ActiveAlertsBuilder, AlertSelector, active_alerts_of, compare
from model.findings.alert import Alert, AlertKind, EventKind
from model.findings.finding import Finding, FindingStatus, Outcome, Severity
from model.snapshot import Snapshot
from tests.service.delivery.alert_samples import (
    at_addresses,
    finding,
    of,
    silent,
    snapshot,
    status,
    with_leaf,
)
from tests.service.samples import NOW, modern

EVERYTHING = AlertSelector(min_severity=Severity.INFO, include_unknown=True)
TARGET = "www.example:443"


def events(
    before: Snapshot,
    after: Snapshot,
    selector: AlertSelector = EVERYTHING,
    removed: tuple[str, ...] = (),
) -> list[tuple[str, str | None]]:
    reported = active_alerts_of(before).alerts
    found = compare(reported, active_alerts_of(after), removed, selector, 1000)
    return [(event.kind.value, event.alert.rule) for event in found.events]


def test_a_finding_is_opened_once_and_resolved_once() -> None:
    assert events(of(), of(finding())) == [("opened", "versions")]
    assert events(of(finding()), of(finding(violation="something else"))) == []
    assert events(of(finding()), of()) == [("resolved", "versions")]


def test_a_returning_finding_is_reopened() -> None:
    assert events(of(), of(finding(reopened=1))) == [("reopened", "versions")]


def test_a_worse_finding_is_reported_again_and_a_milder_one_is_not() -> None:
    mild, bad = (of(finding(severity=severity)) for severity in (Severity.LOW, Severity.CRITICAL))
    assert events(mild, bad) == [("worsened", "versions")]
    assert events(bad, mild) == []


def test_a_waived_finding_is_not_reported_as_resolved() -> None:
    waived = of(finding(status=FindingStatus.WAIVED))
    assert events(of(finding()), waived) == [("waived", "versions")]
    assert events(of(), waived) == []
    assert events(waived, of(finding())) == [("opened", "versions")]


def test_several_addresses_are_one_alert_until_the_last_is_fixed() -> None:
    both = [status(one, finding()) for one in at_addresses(modern(), ["192.0.2.1", "192.0.2.2"])]
    (alert,) = active_alerts_of(snapshot(*both)).alerts.values()
    assert alert.addresses == ("192.0.2.1", "192.0.2.2")
    fixed = status(both[1].observation)
    assert events(snapshot(*both), snapshot(both[0], fixed)) == []
    assert events(snapshot(*both), snapshot(status(both[0].observation), fixed)) == [
        ("resolved", "versions")
    ]


def test_a_missing_target_proves_nothing_until_it_counts_as_gone() -> None:
    assert events(of(finding()), snapshot()) == []
    assert events(of(finding()), snapshot(), removed=(TARGET,)) == [("target_removed", "versions")]


def test_a_failed_lookup_proves_nothing() -> None:
    (nowhere,) = at_addresses(silent(modern()), [None])
    assert events(of(finding()), snapshot(status(nowhere))) == []


def test_a_silent_server_renews_no_certificate() -> None:
    ending = snapshot(status(with_leaf(10, 90)))
    assert events(ending, snapshot(status(silent(modern())))) == []
    assert events(ending, of()) == [("resolved", None)]


@pytest.mark.parametrize(
    ("lifetime", "warning", "critical"),
    [
        (398, 30, 7),
        (200, 30, 7),
        (100, 25, 7),
        (90, 22.5, 7),
        (47, 11.75, 4.7),
        (160 / 24, 40 / 24, 16 / 24),
    ],
)
def test_the_expiry_threshold_depends_on_the_lifetime(
    lifetime: float, warning: float, critical: float
) -> None:
    def severity(days_left: float) -> Severity | None:
        alerts = active_alerts_of(snapshot(status(with_leaf(days_left, lifetime)))).alerts.values()
        return next((alert.severity for alert in alerts), None)

    assert severity(warning + 0.01) is None
    assert severity(warning - 0.01) is Severity.MEDIUM
    assert severity(critical + 0.01) is Severity.MEDIUM
    assert severity(critical - 0.01) is Severity.HIGH
    assert severity(-0.01) is Severity.CRITICAL


def test_a_certificate_near_its_expiry_is_reported_at_each_threshold() -> None:
    days = [snapshot(status(with_leaf(left, 90))) for left in (20, 19, 6, -1)]
    steps = [events(before, after) for before, after in zip([of(), *days], days, strict=False)]
    assert steps == [[("opened", None)], [], [("worsened", None)], [("worsened", None)]]


def test_a_selector_leaves_out_what_it_does_not_match() -> None:
    opened = of(finding(severity=Severity.MEDIUM))
    chosen = [
        AlertSelector(min_severity=Severity.HIGH),
        AlertSelector(labels={"team": "payments"}),
        AlertSelector(kinds=frozenset({AlertKind.EXPIRY})),
        AlertSelector(events=frozenset({EventKind.RESOLVED})),
    ]
    assert [events(of(), opened, selector) for selector in chosen] == [[]] * 4
    assert events(of(), opened, AlertSelector(labels={"team": "web"})) == [("opened", "versions")]
    unknown = of(finding(outcome=Outcome.UNKNOWN))
    assert events(of(), unknown, AlertSelector()) == []
    assert events(unknown, of(finding()), AlertSelector(include_unknown=True)) == []


def test_an_alert_that_leaves_the_selection_is_dropped_without_an_event() -> None:
    reported = active_alerts_of(of(finding())).alerts
    milder = active_alerts_of(of(finding(severity=Severity.LOW)))
    found = compare(reported, milder, (), AlertSelector(), 1000)
    assert (found.events, [event.alert.key for event in found.unwanted]) == ((), list(reported))


def test_the_number_is_limited_and_the_worst_are_removed_first() -> None:
    many = of(*(finding(f"r{rank}", severity=severity) for rank, severity in enumerate(Severity)))
    found = compare({}, active_alerts_of(many), (), EVERYTHING, 2)
    assert [event.alert.severity for event in found.events] == [Severity.CRITICAL, Severity.HIGH]
    assert len(found.dropped) == 3


def test_an_incremental_build_equals_a_fresh_one() -> None:
    ending = status(with_leaf(20, 90), finding())
    builder = ActiveAlertsBuilder()
    for day in (0, 1, 14, 21):
        shown = snapshot(ending, at=NOW + timedelta(days=day))
        assert builder.build(shown) == active_alerts_of(shown)
    assert builder.build(of()) == active_alerts_of(of())


_FINDINGS = st.lists(
    st.builds(
        finding,
        st.sampled_from("abc"),
        severity=st.sampled_from(Severity),
        status=st.sampled_from((FindingStatus.OPEN, FindingStatus.WAIVED)),
        outcome=st.sampled_from((Outcome.FAIL, Outcome.UNKNOWN)),
    ),
    unique_by=lambda one: one.result.rule,
)
_CHOICES = st.builds(
    AlertSelector,
    min_severity=st.sampled_from(Severity),
    include_unknown=st.booleans(),
    events=st.frozensets(st.sampled_from(EventKind)),
)


@given(st.lists(_FINDINGS, min_size=1, max_size=5), _CHOICES)
def test_no_event_is_ever_reported_twice(
    states: list[list[Finding]], selector: AlertSelector
) -> None:
    reported: dict[str, Alert] = {}
    for moment, findings in enumerate(states):
        active = active_alerts_of(of(*findings, at=NOW + timedelta(hours=moment)))
        found = compare(reported, active, (), selector, 1000)
        for event in (*found.events, *found.unwanted):
            if event.kind.is_end:
                del reported[event.alert.key]
            else:
                reported[event.alert.key] = event.alert
        again = compare(reported, active, (), selector, 1000)
        assert (again.events, again.unwanted) == ((), ())
        assert {key for key, one in active.alerts.items() if selector.has(one)} == reported.keys()
