"""The soak finds what grows, what is lost and what is doubled; and a short one finds nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.soak.fleet import LEAF, STATE, TLS_1_3, Member, Planted
from benchmarks.soak.history import change_problems, visit_problems
from benchmarks.soak.run import Options, soak
from benchmarks.soak.usage import Usage, growth, usage
from model.comparisons.change import Change, ChangeKind
from service.demo.authority import DemoAuthority

_AT = datetime(2026, 11, 30, tzinfo=UTC)
_FLAT = Usage(resident=100_000_000, cached=1_000_000, descriptors=20, threads=6, tasks=18)
_SHORT = Options(
    endpoints=6,
    minutes=0.15,
    warm_up_minutes=0,
    interval=1.0,
    mean_visits=2,
    least_visits=5,
    memory_limit=0.5,
    spare=24,
)
"""A young service grows, whatever it does; a thing lost in each of 30 visits is still found."""


@pytest.fixture(name="member")
def a_member() -> Member:
    planted = [Planted(LEAF, "aa"), Planted(TLS_1_3, None), Planted(STATE, "refused")]
    return Member(
        authority=DemoAuthority(_AT), address="127.0.0.1", port=443, name="one", planted=planted
    )


def change(fact: str, after: str | None, minutes: int) -> Change:
    return Change(
        endpoint_key="one",
        at=_AT + timedelta(minutes=minutes),
        fact=fact,
        kind=ChangeKind.CHANGED,
        before=None,
        after=after,
        sentence=f"{fact} changed",
    )


def shown(member: Member) -> list[Change]:
    return [change(one.fact, one.after, place) for place, one in enumerate(member.planted)]


def test_each_planted_change_is_shown_once_with_its_consequences(member: Member) -> None:
    consequence = change("groups.TLSv1.3", None, minutes=1)
    assert list(change_problems(member, [*shown(member), consequence])) == []


@pytest.mark.parametrize("place", range(3))
def test_a_lost_change_is_a_fault(member: Member, place: int) -> None:
    changes = shown(member)
    del changes[place]
    (problem,) = change_problems(member, changes)
    assert "lacks it 1 times" in problem


@pytest.mark.parametrize("place", range(3))
def test_a_doubled_change_is_a_fault(member: Member, place: int) -> None:
    changes = shown(member)
    (problem,) = change_problems(member, [*changes, replace(changes[place], at=_AT)])
    assert "1 times too often" in problem


def test_a_change_that_was_not_planted_is_a_fault(member: Member) -> None:
    alone = change("features.alpn", "yes", minutes=9)
    assert list(change_problems(member, [*shown(member), alone])) == [
        "one: no server changed, and the history says: features.alpn changed"
    ]


def test_lost_and_doubled_visits_are_faults() -> None:
    assert list(visit_problems({"a": 3, "b": 2, "c": 1}, {"a": 3, "b": 1, "c": 2})) == [
        "b: 2 visits ended and 1 are stored",
        "c: 1 visits ended and 2 are stored",
    ]


@pytest.mark.parametrize(
    ("last", "says"),
    [
        (
            replace(_FLAT, resident=125_000_000, cached=20_000_000),
            "memory without caches grew from 99 to 105 MB, by more than 5%",
        ),
        (replace(_FLAT, descriptors=21), "descriptors grew from 20 to 21"),
        (replace(_FLAT, threads=7), "threads grew from 6 to 7"),
        (replace(_FLAT, tasks=19), "tasks grew from 18 to 19"),
    ],
)
def test_what_grows_is_a_fault(last: Usage, says: str) -> None:
    assert list(growth([*[_FLAT] * 8, *[last] * 4], memory_limit=0.05)) == [says]


def test_what_visits_use_while_they_run_is_no_growth() -> None:
    busy = replace(_FLAT, descriptors=90, tasks=300)
    small = replace(_FLAT, resident=104_000_000)
    assert list(growth([_FLAT, *[busy] * 6, small], memory_limit=0.05)) == []


def test_caches_that_fill_are_no_growth() -> None:
    filled = replace(_FLAT, resident=130_000_000, cached=31_000_000)
    assert list(growth([*[_FLAT] * 8, *[filled] * 4], memory_limit=0.05)) == []


def test_too_few_samples_are_a_fault() -> None:
    (problem,) = growth([_FLAT] * 7, memory_limit=0.05)
    assert "soak for longer" in problem


def test_a_page_without_the_number_of_tasks_is_an_error() -> None:
    with pytest.raises(ValueError, match="tlsprobe_tasks"):
        usage(1, "tlsprobe_cached_bytes 1\n")


@pytest.mark.integration
@pytest.mark.process
@pytest.mark.slow
async def test_a_short_soak_loses_and_doubles_nothing(tmp_path: Path) -> None:
    problems = await soak(_SHORT, tmp_path, f"sqlite:///{tmp_path}/tlsprobe.db")
    assert problems == []
