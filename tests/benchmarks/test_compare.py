"""Which figures got slower than the last ones: by written figures."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.compare import last_two, report, slower
from benchmarks.support.results import EXACT, Figure, Result, save, saved

_QUIET = (1.00, 1.01, 1.02)
_NOISY = (0.9, 1.0, 1.4)


def seconds(*runs: float) -> Figure:
    return Figure(runs=runs, unit="s")


def result(date: str = "1", machine: str = "2 x a", **figures: Figure) -> Result:
    return Result(
        benchmark="fleet", date=date, commit=date, machine=machine, python="3", figures=figures
    )


@pytest.mark.parametrize(
    ("before", "now", "is_slower"),
    [
        (_QUIET, _QUIET, False),
        (_QUIET, (1.04, 1.05, 1.06), False),  # 4 %: below the least noise
        (_QUIET, (1.09, 1.10, 1.11), True),  # 9 %: the runs spread by 2 %
        (_QUIET, (0.5, 0.5, 0.5), False),
        (_NOISY, (1.3, 1.35, 1.4), False),  # 35 %: the runs before spread by 50 %
        (_QUIET, (1.0, 1.3, 1.6), False),  # 29 %: the runs now spread by 46 %
        (_NOISY, (1.6, 1.6, 1.6), True),
        ((1.0,), (1.14,), False),
        ((1.0,), (1.16,), True),
        (_QUIET, (1.3,), True),
        ((0.0,), (1.0,), False),
    ],
)
def test_a_figure_is_slower_if_it_is_worse_by_more_than_the_noise(
    before: tuple[float, ...], now: tuple[float, ...], is_slower: bool
) -> None:
    found = list(slower({"wall": seconds(*before)}, {"wall": seconds(*now)}))
    assert [one.name for one in found] == ["wall"] * is_slower


def test_of_a_rate_less_is_worse() -> None:
    rate = Figure(runs=(100.0, 101.0), unit="endpoints/s", more_is_better=True)
    fewer = replace(rate, runs=(80.0, 81.0))
    assert list(slower({"rate": fewer}, {"rate": rate})) == []
    (found,) = slower({"rate": rate}, {"rate": fewer})
    assert str(found) == "rate: 100.5 -> 80.5 endpoints/s, 20% worse (noise 5%)"


def test_one_connection_more_is_worse_whatever_the_noise() -> None:
    connections = Figure(runs=(60,), unit="connections", least_noise=EXACT)
    (found,) = slower({"all": connections}, {"all": replace(connections, runs=(61,))})
    assert (found.before, found.now, found.noise) == (60, 61, 0)


def test_a_figure_that_only_one_result_has_is_not_compared() -> None:
    assert list(slower({"old": seconds(1)}, {"new": seconds(9)})) == []


def test_results_of_different_machines_are_not_compared() -> None:
    first, other, last = result("1"), result("2", machine="64 x b"), result("3")
    assert last_two([first, other, last]) == [(first, last)]
    assert last_two([first, other]) == []


def test_the_last_result_is_compared_with_the_one_before_it() -> None:
    results = [result(str(number), wall=seconds(number)) for number in (1, 2, 3)]
    assert report(results) == "fleet, 2 -> 3, 2 x a\n  wall: 2 -> 3 s, 50% worse (noise 15%)"
    assert report(results[::-1]).splitlines()[1:] == ["  nothing got slower"]
    assert report([*results, result("4")]).endswith("  wall: no longer measured")
    assert "run `make bench` twice" in report(results[:1])


def test_figures_are_kept_with_date_commit_and_machine(tmp_path: Path) -> None:
    file = save("fleet", {"wall": seconds(*_QUIET)}, tmp_path)
    fields = json.loads(file.read_text())
    assert {"date", "commit", "machine", "python"} <= fields.keys()
    assert all(fields[name] for name in ("date", "commit", "machine", "python"))
    (read,) = saved(tmp_path)
    assert (read.benchmark, read.figures) == ("fleet", {"wall": seconds(*_QUIET)})
