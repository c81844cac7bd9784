"""Delays: each key's place in the interval, soon after a failure and then ever later, spans of rest."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from model.observation import Cost, Mode, Observation, State
from model.target import Endpoint
from probe.pace import Closed, Pace
from tests.scheduler.world import chain_of, target

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PACE = Pace(interval_seconds=3600, first_retry_seconds=60)
EXACT = Pace(interval_seconds=3600, jitter_fraction=0, first_retry_seconds=60)
DICE = st.integers().map(Random)
TIMES = st.timedeltas(timedelta(-9000), timedelta(9000)).map(lambda since: NOW + since)


def test_failures_back_off_to_the_interval() -> None:
    delays = [EXACT.retry_delay(failures, Random(0)) for failures in (1, 2, 3, 6, 7, 8, 10_000)]
    assert delays == [60, 120, 240, 1920, 3600, 3600, 3600]


@given(st.integers(1, 100), DICE)
def test_jitter_stays_within_its_fraction(failures: int, dice: Random) -> None:
    exact = EXACT.retry_delay(failures, dice)
    assert 0.9 * exact <= PACE.retry_delay(failures, dice) <= 1.1 * exact


@given(st.text(), TIMES, st.floats(1, 1e7))
def test_the_next_visit_is_within_half_an_interval_of_its_time_and_then_exact(
    key: str, now: datetime, interval: float
) -> None:
    pace = Pace(interval_seconds=interval)
    first = pace.next_delay(key, now)
    assert 0.499 * interval <= first <= 1.501 * interval
    then = now + timedelta(seconds=first)
    assert abs(pace.next_delay(key, then) - interval) < 0.001 * interval + 0.001


def test_keys_are_spread_over_the_interval() -> None:
    delays = [PACE.next_delay(f"{number}.test", NOW) for number in range(1000)]
    tenths = [sum(1800 + 360 * n <= one < 2160 + 360 * n for one in delays) for n in range(10)]
    assert min(tenths) > 60


@given(st.floats(0, 1e9))
def test_what_is_overdue_after_a_restart_is_due(overdue: float) -> None:
    assert PACE.resumed_delay(NOW - timedelta(seconds=overdue), NOW) == 0


@given(st.floats(0.001, 5400))
def test_a_plan_is_kept_over_a_restart(planned: float) -> None:
    delay = PACE.resumed_delay(NOW + timedelta(seconds=planned), NOW)
    assert abs(delay - planned) < 1e-5


@given(st.floats(5400, 1e9))
def test_a_plan_too_far_off_is_brought_near(planned: float) -> None:
    assert PACE.resumed_delay(NOW + timedelta(seconds=planned), NOW) <= 5400.001


def test_what_waited_for_a_span_of_rest_is_spread_over_an_interval() -> None:
    delays = [PACE.reopened_delay(f"{number}.test", 100) - 100 for number in range(1000)]
    assert max(delays) < 3600
    assert min(sum(360 * n <= one < 360 * (n + 1) for one in delays) for n in range(10)) > 60


@given(st.timedeltas(timedelta(seconds=1), timedelta(days=400)), st.floats(60, 1e6))
def test_a_short_lived_certificate_is_seen_often_and_within_bounds(
    lifetime: timedelta, interval: float
) -> None:
    pace = Pace(interval_seconds=interval)
    begin = NOW - timedelta(days=2)
    seen = Observation(
        tool_version="1",
        mode=Mode.VERIFY,
        endpoint=Endpoint(target=target("one.test"), address="192.0.2.1"),
        started_at=NOW,
        cost=Cost(),
        state=State.TLS,
        certificates=(chain_of(begin, begin + lifetime),),
    )
    delay = pace.next_delay("one.test", NOW, seen)
    assert interval / 24 / 2 - 0.001 <= delay
    assert delay <= 1.5 * max(interval / 24, lifetime.total_seconds() / 40) + 0.001


@given(st.times(), st.times(), TIMES)
def test_a_span_of_rest_ends_when_it_says(begin: time, end: time, now: datetime) -> None:
    span = Closed(begin=begin, end=end)
    left = span.seconds_left(now)
    assert 0 <= left <= 86_400
    if left > 1e-3:
        assert span.seconds_left(now + timedelta(seconds=left - 1e-3)) > 0
        assert span.seconds_left(now + timedelta(seconds=left + 1e-3)) == 0 or begin == end


def test_an_enumeration_is_due_by_its_own_interval() -> None:
    assert PACE.wants_enumeration(None, NOW)
    assert not PACE.wants_enumeration(NOW - timedelta(hours=23), NOW)
    assert PACE.wants_enumeration(NOW - timedelta(hours=23, minutes=31), NOW)
    assert PACE.wants_enumeration(NOW + timedelta(hours=1), NOW)
