"""The due queue compared with a plain list of entries."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scheduling.due_queue import DueQueue

KEYS = st.integers(0, 5)
MOMENTS = st.integers(0, 20).map(float)
STEPS = st.integers(0, 5).map(float)
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, MOMENTS, st.integers(0, 2)),
        st.tuples(st.just("remove"), KEYS, st.just(0.0), st.just(0)),
        st.tuples(st.just("pop"), st.just(0), STEPS, st.just(0)),
    ),
    max_size=60,
)


@given(DEEDS)
def test_keys_are_returned_when_due_in_order_and_once(
    deeds: list[tuple[str, int, float, int]],
) -> None:
    agenda: DueQueue[int] = DueQueue()
    plain: dict[int, tuple[int, float, int]] = {}
    now = 0.0
    for order, (deed, key, moment, rank) in enumerate(deeds):
        if deed == "put":
            agenda.put(key, moment, rank=rank)
            plain[key] = (rank, moment, order)
        elif deed == "remove":
            agenda.remove(key)
            plain.pop(key, None)
        else:
            now += moment
            due = [one for one in plain if plain[one][1] <= now]
            firsts = {
                rank: min((one for one in due if plain[one][0] == rank), key=plain.__getitem__)
                for rank in {plain[one][0] for one in due}
            }
            assert agenda.count_due(now) == len(due)
            taken = agenda.pop_due(now)
            assert (taken is None) == (not due)
            if taken is not None:
                assert taken[0] in firsts.values()
                assert taken[1] == plain.pop(taken[0])[1]
        assert agenda.next_due == min((one[1] for one in plain.values()), default=None)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 30)), min_size=1, max_size=4))
def test_groups_take_turns(crowds: list[tuple[int, int]]) -> None:
    agenda: DueQueue[tuple[int, int]] = DueQueue()
    sizes = dict(crowds)
    for group, size in sizes.items():
        for number in range(size):
            agenda.put((group, number), 0.0, group=str(group))
    taken = dict.fromkeys(sizes, 0)
    while (found := agenda.pop_due(0.0)) is not None:
        taken[found[0][0]] += 1
        waiting = [group for group, size in sizes.items() if taken[group] < size]
        counts = [taken[group] for group in waiting]
        assert not counts or max(counts) - min(counts) <= 1
    assert taken == sizes


def test_a_late_group_does_not_take_all_turns() -> None:
    agenda: DueQueue[str] = DueQueue()
    for number in range(100):
        agenda.put(f"a{number}", 0.0, group="a")
    for _ in range(50):
        agenda.pop_due(0.0)
    for number in range(100):
        agenda.put(f"b{number}", 0.0, group="b")
    next_ten = [take(agenda)[0] for _ in range(10)]
    assert next_ten.count("a") == 5


def test_a_lower_rank_goes_first_except_every_fourth_turn() -> None:
    agenda: DueQueue[str] = DueQueue()
    for number in range(20):
        agenda.put(f"old{number}", 0.0, rank=1)
        agenda.put(f"new{number}", 1.0, rank=0)
    assert [take(agenda)[:3] for _ in range(8)] == ["new", "new", "new", "old"] * 2


def test_repeated_rescheduling_uses_no_more_memory() -> None:
    agenda: DueQueue[str] = DueQueue()
    for number in range(10_000):
        agenda.put("one", float(number))
    assert len(agenda._waiting) <= 1_003
    assert (agenda.next_due, take(agenda, 10_000.0)) == (9_999.0, "one")


def test_no_call_moves_all_of_many_due_keys() -> None:
    agenda: DueQueue[int] = DueQueue()
    for number in range(1_000):
        agenda.put(number, 0.0)
    agenda.pop_due(1.0)
    assert len(agenda._waiting) == 900
    assert agenda.count_due(1.0) == 999
    assert [agenda.pop_due(1.0) for _ in range(999)] == [(key, 0.0) for key in range(1, 1_000)]


def take(agenda: DueQueue[str], now: float = 1.0) -> str:
    found = agenda.pop_due(now)
    assert found is not None
    return found[0]
