"""The simulated fleet waits only at stations that are full."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.scale import INTERVAL, SCHEDULER_SECONDS, Shard, main, simulate, split

pytestmark = pytest.mark.slow


@given(endpoints=st.integers(1, 10**9), fullest=st.floats(0.1, 0.9))
@settings(deadline=None, max_examples=30)
def test_a_fleet_is_split_so_that_no_resource_is_overloaded(endpoints: int, fullest: float) -> None:
    shards, shard = split(endpoints, fullest)
    assert shards * shard.endpoints >= endpoints
    seen = simulate(shard, hours=1)
    assert max(seen.busy.values()) <= fullest + 0.05
    assert seen.is_punctual


def test_an_overloaded_scheduler_falls_behind_forever() -> None:
    most = round(INTERVAL / SCHEDULER_SECONDS)
    twice = Shard(endpoints=2 * most, workers=100, database_cores=100)
    an_hour, two = (simulate(twice, hours=hours).last for hours in (1, 2))
    assert two == pytest.approx(2 * an_hour, rel=0.01)
    assert an_hour == pytest.approx(INTERVAL, rel=0.01)


def test_twice_the_workers_do_twice_the_work() -> None:
    one, two = (
        simulate(Shard(endpoints=100_000, workers=workers), hours=1).busy["workers"]
        for workers in (1, 2)
    )
    assert one == pytest.approx(2 * two)


def test_one_process_is_in_time_for_ten_thousand_endpoints_and_not_for_a_million(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["--endpoints", "10000", "1000000"])
    _, small, large = capsys.readouterr().out.splitlines()
    assert small.endswith("in time")
    assert large.endswith("min late after an hour")
