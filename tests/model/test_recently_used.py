"""Recently used values are cached, up to a maximum size."""

from __future__ import annotations

import sys

from hypothesis import given
from hypothesis import strategies as st

from model.caching.size_bounded_cache import SizeBoundedCache, cached_bytes
from model.caching.weight import weight


@given(st.lists(st.integers(min_value=0, max_value=50)), st.integers(min_value=0, max_value=20_000))
def test_a_cached_value_equals_a_computed_one(keys: list[int], room: int) -> None:
    recent = SizeBoundedCache(room)
    assert [recent.of(key, str, key) for key in keys] == [str(key) for key in keys]


@given(st.lists(st.integers(min_value=0, max_value=5000), max_size=200), st.integers(0, 50_000))
def test_no_more_bytes_are_buffered_than_the_limit(sizes: list[int], room: int) -> None:
    recent = SizeBoundedCache(room)
    for number, size in enumerate(sizes):
        recent.of(number, bytes, size)
        assert recent.held_bytes <= 2 * room


@given(st.lists(st.integers(0, 20)), st.integers(2000, 10_000))
def test_a_value_counts_once_however_often_it_is_used(keys: list[int], room: int) -> None:
    recent = SizeBoundedCache(room)
    one = SizeBoundedCache(room)
    one.of("key", str, most_bytes=100)
    for key in keys:
        recent.of(key, str, most_bytes=100)
    count, rest = divmod(recent.held_bytes, one.held_bytes)
    assert rest == 0
    assert count <= len(set(keys))


def test_all_caches_are_counted_while_they_exist() -> None:
    before = cached_bytes()
    recent = SizeBoundedCache(20_000)
    recent.of("key", bytes, 1000)
    assert cached_bytes() - before == recent.held_bytes > 1000
    del recent
    assert cached_bytes() == before


def test_a_frequently_used_value_stays_cached() -> None:
    recent = SizeBoundedCache(20_000)
    kept = recent.of("kept", object)
    for number in range(100):
        recent.of(number, str, number)
        assert recent.of("kept", object) is kept


def test_a_value_that_would_fill_most_of_the_cache_is_not_cached() -> None:
    recent = SizeBoundedCache(80_000)
    small = recent.of("small", object)
    for number in range(10):
        recent.of(number, bytes, 20_000)
    assert recent.of("small", object) is small
    assert recent.held_bytes < 10_000


JSON_LIKE = st.recursive(
    st.binary(max_size=300) | st.text(max_size=300) | st.integers(),
    lambda inner: st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)


@given(JSON_LIKE)
def test_a_value_weighs_at_least_as_much_as_its_leaves(value: object) -> None:
    def leaves(one: object) -> int:
        if isinstance(one, dict):
            return sum(map(leaves, one.values()))
        if isinstance(one, tuple):
            return sum(map(leaves, one))
        return len(one) if isinstance(one, bytes) else 0

    assert weight(value) >= sys.getsizeof(value)
    # Equal constants may be one object, which counts once.
    assert weight((value, bytes(10_000))) >= weight(value) + 10_000
    assert leaves(value) <= weight(value) + sum(range(0))


def test_a_shared_object_counts_once() -> None:
    text = "a" * 10_000
    assert weight((text, text)) < 10_300
