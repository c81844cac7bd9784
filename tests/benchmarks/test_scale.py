"""The simulated fleet waits only at stations that are full."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.scale import INTERVAL, Seconds, Shard, main, measured, simulate, split
from benchmarks.support.results import Figure, save

pytestmark = pytest.mark.slow

SECONDS = Seconds()


@given(endpoints=st.integers(1, 10**9), fullest=st.floats(0.1, 0.9))
@settings(deadline=None, max_examples=30)
def test_a_fleet_is_split_so_that_no_resource_is_overloaded(endpoints: int, fullest: float) -> None:
    shards, shard = split(endpoints, fullest, SECONDS)
    assert shards * shard.endpoints >= endpoints
    seen = simulate(shard, SECONDS, hours=1)
    assert max(seen.busy.values()) <= fullest + 0.05
    assert seen.is_punctual


def test_an_overloaded_scheduler_falls_behind_forever() -> None:
    most = round(INTERVAL / SECONDS.scheduler)
    twice = Shard(endpoints=2 * most, workers=100, database_cores=100)
    an_hour, two = (simulate(twice, SECONDS, hours=hours).last for hours in (1, 2))
    assert two == pytest.approx(2 * an_hour, rel=0.01)
    assert an_hour == pytest.approx(INTERVAL, rel=0.01)


def test_twice_the_workers_do_twice_the_work() -> None:
    one, two = (
        simulate(Shard(endpoints=100_000, workers=workers), SECONDS, hours=1).busy["workers"]
        for workers in (1, 2)
    )
    assert one == pytest.approx(2 * two)


def test_one_process_is_in_time_for_ten_thousand_endpoints_and_not_for_a_million(
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["--endpoints", "10000", "1000000"], SECONDS)
    *_, small, large = capsys.readouterr().out.splitlines()
    assert small.endswith("in time")
    assert large.endswith("min late after an hour")


def test_the_newest_run_of_a_million_endpoints_gives_the_times(tmp_path: Path) -> None:
    assert measured(tmp_path) == SECONDS
    for milliseconds in (9.0, 1.0):
        figures = {
            f"1000 endpoints: {part}, a visit": Figure(runs=(number * milliseconds,), unit="ms")
            for part, number in (("scheduler", 1), ("worker", 3), ("PostgreSQL", 2))
        }
        save("million", figures, tmp_path)
    assert measured(tmp_path) == Seconds(scheduler=0.001, verify=0.003, database=0.002)
