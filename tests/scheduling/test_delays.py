"""Delays: each key's offset in the interval, retries after failures with growing delays, and quiet spans."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.observation import Cost, Mode, Observation, State
from model.target import Endpoint
from scheduling.interval import Closed, IntervalPolicy
from tests.scheduling.world import chain_of, target

pytestmark = pytest.mark.slow

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PACE = IntervalPolicy(interval_seconds=3600, first_retry_seconds=60)
EXACT = IntervalPolicy(interval_seconds=3600, jitter_fraction=0, first_retry_seconds=60)
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
def test_the_next_visit_is_within_half_an_interval_and_the_following_one_exact(
    key: str, now: datetime, interval: float
) -> None:
    pace = IntervalPolicy(interval_seconds=interval)
    first = pace.next_delay(key, now)
    assert 0.499 * interval <= first <= 1.501 * interval
    then = now + timedelta(seconds=first)
    assert abs(pace.next_delay(key, then) - interval) < 0.001 * interval + 0.001


def test_keys_are_spread_over_the_interval() -> None:
    delays = [PACE.next_delay(f"{number}.test", NOW) for number in range(1000)]
    tenths = [sum(1800 + 360 * n <= one < 2160 + 360 * n for one in delays) for n in range(10)]
    assert min(tenths) > 60


@given(st.floats(0, 1e9))
def test_an_endpoint_overdue_after_a_restart_is_due_at_once(overdue: float) -> None:
    assert PACE.resumed_delay(NOW - timedelta(seconds=overdue), NOW) == 0


@given(st.floats(0.001, 5400))
def test_a_planned_time_survives_a_restart(planned: float) -> None:
    delay = PACE.resumed_delay(NOW + timedelta(seconds=planned), NOW)
    assert abs(delay - planned) < 1e-5


@given(st.floats(5400, 1e9))
def test_a_planned_time_too_far_ahead_is_brought_forward(planned: float) -> None:
    assert PACE.resumed_delay(NOW + timedelta(seconds=planned), NOW) <= 5400.001


def test_visits_delayed_by_a_maintenance_window_are_spread_over_an_interval() -> None:
    delays = [PACE.reopened_delay(f"{number}.test", 100) - 100 for number in range(1000)]
    assert max(delays) < 3600
    assert min(sum(360 * n <= one < 360 * (n + 1) for one in delays) for n in range(10)) > 60


@given(st.timedeltas(timedelta(seconds=1), timedelta(days=400)), st.floats(60, 1e6))
def test_a_short_lived_certificate_is_seen_often_and_within_bounds(
    lifetime: timedelta, interval: float
) -> None:
    pace = IntervalPolicy(interval_seconds=interval)
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
def test_a_maintenance_window_ends_at_its_configured_time(
    begin: time, end: time, now: datetime
) -> None:
    span = Closed(begin=begin, end=end)
    left = span.seconds_left(now)
    assert 0 <= left <= 86_400
    if left > 1e-3:
        assert span.seconds_left(now + timedelta(seconds=left - 1e-3)) > 0
        assert span.seconds_left(now + timedelta(seconds=left + 1e-3)) == 0 or begin == end


ZONES = st.sampled_from(
    (
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/St_Johns",
        "Australia/Lord_Howe",  # by half an hour
        "Africa/Casablanca",
        "Pacific/Apia",
        "Asia/Kathmandu",
    )
).map(ZoneInfo)
MINUTES = st.integers(0, 1439).map(lambda minute: time(minute // 60, minute % 60))
"""Ends of spans; IANA's clock changes happen at whole minutes too."""


@st.composite
def times_near_a_change(draw: st.DrawFn, zone: ZoneInfo) -> datetime:
    """Any time, or one within a day before the clocks of ``zone`` change."""
    moment = draw(TIMES).replace(second=0, microsecond=0)
    hours = (moment + timedelta(hours=hour) for hour in range(24 * 366))
    change = next(
        (one for one in hours if zone_offset(one, zone) != zone_offset(moment, zone)), None
    )
    if change is None or draw(st.booleans()):
        return moment
    return change - timedelta(minutes=draw(st.integers(0, 26 * 60)))


def zone_offset(moment: datetime, zone: ZoneInfo) -> timedelta | None:
    return moment.astimezone(zone).utcoffset()


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.data(), ZONES, MINUTES, MINUTES)
def test_a_maintenance_window_follows_the_local_time_of_its_zone(
    data: st.DataObject, zone: ZoneInfo, begin: time, end: time
) -> None:
    """Minute by minute, by the local time that zoneinfo gives."""
    now = data.draw(times_near_a_change(zone))

    def is_closed(moment: datetime) -> bool:
        shown = moment.astimezone(zone).time()
        return begin <= shown < end if begin <= end else not end <= shown < begin

    minutes = 0
    while is_closed(now + timedelta(minutes=minutes)):
        minutes += 1
    assert Closed(begin=begin, end=end, zone=zone).seconds_left(now) == 60 * minutes


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        ("2026-03-28T21:00+01:00", 8),  # the night is an hour shorter,
        ("2026-10-24T21:00+02:00", 10),  # or longer
        ("2026-07-01T21:00+02:00", 9),
        ("2026-07-01T06:00+02:00", 0),
    ],
)
def test_a_night_in_berlin_follows_local_time(now: str, hours: float) -> None:
    night = Closed(begin=time(20), end=time(6), zone=ZoneInfo("Europe/Berlin"))
    assert night.seconds_left(datetime.fromisoformat(now)) == 3600 * hours


def test_an_enumeration_has_a_separate_interval() -> None:
    assert PACE.wants_enumeration(None, NOW)
    assert not PACE.wants_enumeration(NOW - timedelta(hours=23), NOW)
    assert PACE.wants_enumeration(NOW - timedelta(hours=23, minutes=31), NOW)
    assert PACE.wants_enumeration(NOW + timedelta(hours=1), NOW)
