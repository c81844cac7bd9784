"""Delays: the interval with jitter, soon after a failure and then ever later, spread after a restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from probe.pace import Pace

NOW = datetime(2026, 1, 1, tzinfo=UTC)
PACE = Pace(
    interval_seconds=3600, jitter_fraction=0.1, first_retry_seconds=60, most_spread_seconds=30
)
EXACT = Pace(
    interval_seconds=3600, jitter_fraction=0, first_retry_seconds=60, most_spread_seconds=30
)
DICE = st.integers().map(Random)


def test_failures_back_off_to_the_interval() -> None:
    delays = [EXACT.next_delay(failures, Random(0)) for failures in (0, 1, 2, 3, 6, 7, 8, 10_000)]
    assert delays == [3600, 60, 120, 240, 1920, 3600, 3600, 3600]


@given(st.integers(0, 100), DICE)
def test_jitter_stays_within_its_fraction(failures: int, dice: Random) -> None:
    exact = EXACT.next_delay(failures, dice)
    assert 0.9 * exact <= PACE.next_delay(failures, dice) <= 1.1 * exact


@given(st.floats(0, 1e9), DICE)
def test_what_is_overdue_is_spread_over_a_short_while(overdue: float, dice: Random) -> None:
    delay = PACE.resumed_delay(NOW - timedelta(seconds=overdue), NOW, dice)
    assert 0 <= delay <= 30


@given(st.floats(0.001, 3960), DICE)
def test_a_plan_is_kept_over_a_restart(planned: float, dice: Random) -> None:
    delay = PACE.resumed_delay(NOW + timedelta(seconds=planned), NOW, dice)
    assert abs(delay - planned) < 1e-5


@given(st.floats(3960, 1e9), DICE)
def test_a_plan_too_far_off_is_brought_near(planned: float, dice: Random) -> None:
    delay = PACE.resumed_delay(NOW + timedelta(seconds=planned), NOW, dice)
    assert delay <= 3960.001
