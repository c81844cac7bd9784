"""The agenda against a plain list of pairs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from probe.agenda import Agenda

KEYS = st.integers(0, 5)
MOMENTS = st.integers(0, 20).map(float)
DEEDS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), KEYS, MOMENTS),
        st.tuples(st.just("remove"), KEYS, st.just(0.0)),
        st.tuples(st.just("pop"), st.just(0), MOMENTS),
    ),
    max_size=60,
)


@given(DEEDS)
def test_keys_come_out_when_due_in_order_and_once(deeds: list[tuple[str, int, float]]) -> None:
    agenda: Agenda[int] = Agenda()
    plain: dict[int, tuple[float, int]] = {}
    for order, (deed, key, moment) in enumerate(deeds):
        if deed == "put":
            agenda.put(key, moment)
            plain[key] = (moment, order)
        elif deed == "remove":
            agenda.remove(key)
            plain.pop(key, None)
        else:
            due = [one for one in plain if plain[one][0] <= moment]
            expected = min(due, key=plain.__getitem__, default=None)
            assert agenda.count_due(moment) == len(due)
            assert agenda.pop_due(moment) == expected
            if expected is not None:
                del plain[expected]
        assert agenda.next_due == min((moment for moment, _ in plain.values()), default=None)
