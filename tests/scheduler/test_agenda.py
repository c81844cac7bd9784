"""The agenda against a plain list of entries."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from probe.agenda import Agenda

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
def test_keys_come_out_when_due_by_rank_in_order_and_once(
    deeds: list[tuple[str, int, float, int]],
) -> None:
    agenda: Agenda[int] = Agenda()
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
            expected = min(due, key=plain.__getitem__, default=None)
            assert agenda.count_due(now) == len(due)
            assert agenda.pop_due(now) == expected
            if expected is not None:
                del plain[expected]
        assert agenda.next_due == min((one[1] for one in plain.values()), default=None)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(1, 30)), min_size=1, max_size=4))
def test_groups_take_turns(crowds: list[tuple[int, int]]) -> None:
    agenda: Agenda[tuple[int, int]] = Agenda()
    sizes = dict(crowds)
    for group, size in sizes.items():
        for number in range(size):
            agenda.put((group, number), 0.0, group=str(group))
    taken = dict.fromkeys(sizes, 0)
    while (key := agenda.pop_due(0.0)) is not None:
        taken[key[0]] += 1
        waiting = [group for group, size in sizes.items() if taken[group] < size]
        counts = [taken[group] for group in waiting]
        assert not counts or max(counts) - min(counts) <= 1
    assert taken == sizes


def test_who_comes_late_does_not_take_all_turns() -> None:
    agenda: Agenda[str] = Agenda()
    for number in range(100):
        agenda.put(f"a{number}", 0.0, group="a")
    for _ in range(50):
        agenda.pop_due(0.0)
    for number in range(100):
        agenda.put(f"b{number}", 0.0, group="b")
    next_ten = [str(agenda.pop_due(0.0))[0] for _ in range(10)]
    assert next_ten.count("a") == 5
