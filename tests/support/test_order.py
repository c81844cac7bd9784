"""Long tests are at the heads of the shares that pytest-xdist's work stealing assigns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.support.order import long_ones_first


def shares(count: int, workers: int) -> list[range]:
    """Like ``WorkStealingScheduling.check_schedule``: the remaining tests by the remaining workers."""
    found, begin = [], 0
    for left in range(workers, 0, -1):
        end = begin + (count - begin) // left
        found.append(range(begin, end))
        begin = end
    return found


@given(st.lists(st.booleans()), st.integers(1, 8))
def test_each_worker_starts_with_its_share_of_the_long_tests(
    are_long: list[bool], workers: int
) -> None:
    tests = list(range(len(are_long)))
    ordered = long_ones_first(tests, are_long, workers)
    assert sorted(ordered) == tests
    heads = []
    for share in shares(len(tests), workers):
        long = [are_long[ordered[place]] for place in share]
        assert long == sorted(long, reverse=True)
        heads.append(sum(long))
    assert max(heads) - min(heads) <= 1


@given(st.lists(st.booleans()), st.integers(1, 8))
def test_the_short_ones_keep_their_order(are_long: list[bool], workers: int) -> None:
    ordered = long_ones_first(list(range(len(are_long))), are_long, workers)
    short = [test for test in ordered if not are_long[test]]
    assert short == sorted(short)
