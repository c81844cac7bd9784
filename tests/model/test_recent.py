"""What was asked for not long ago is known, and no more than there is room for."""

from __future__ import annotations

import weakref

from hypothesis import given
from hypothesis import strategies as st

from model.recent import Recent


class Thing:
    pass


@given(st.lists(st.integers(min_value=0, max_value=50)), st.integers(min_value=0, max_value=20))
def test_the_value_is_the_one_that_was_made_or_one_made_anew(keys: list[int], room: int) -> None:
    recent = Recent(room)
    assert [recent.of(key, 1, str, key) for key in keys] == [str(key) for key in keys]


@given(st.lists(st.integers(), max_size=200), st.integers(min_value=0, max_value=20))
def test_no_more_live_than_there_is_room_for(keys: list[int], room: int) -> None:
    recent = Recent(room)
    made: weakref.WeakSet[Thing] = weakref.WeakSet()

    def make() -> Thing:
        thing = Thing()
        made.add(thing)
        return thing

    for key in keys:
        recent.of(key, 1, make)
        assert len(made) <= 2 * room + 1


def test_what_is_asked_for_again_and_again_is_kept() -> None:
    recent = Recent(10)
    kept = recent.of("kept", 1, Thing)
    for number in range(100):
        recent.of(number, 1, Thing)
        assert recent.of("kept", 1, Thing) is kept
