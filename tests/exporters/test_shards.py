"""The inventory's page in parts: every series is in exactly one of them, and few move when their number changes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.prometheus import PageWriter
from exporters.prometheus.shard import divided, jump_hash, shard_index
from model.snapshot import Snapshot
from tests.exporters.test_inventory import KNOWN, snapshot

_NAMES = [f"host{number}.test:443" for number in range(3000)]


def _fleet() -> Snapshot:
    """Twenty targets, of which each fifth has three addresses."""
    observed = []
    for number in range(20):
        target = replace(KNOWN.endpoint.target, host=f"host{number}.test", server_name=None)
        for address in range(3 if number % 5 == 0 else 1):
            endpoint = replace(KNOWN.endpoint, target=target, address=f"192.0.2.{address}")
            observed.append(replace(KNOWN, endpoint=endpoint))
    return snapshot(*observed)


def _series(whole: Snapshot) -> list[str]:
    lines = "".join(PageWriter().write(whole)).splitlines()
    return [line for line in lines if not line.startswith("#")]


@pytest.mark.parametrize("total", [2, 3, 16])
def test_every_series_is_in_exactly_one_shard(total: int) -> None:
    fleet = _fleet()
    parts = divided(fleet.endpoints, total)
    lines = [line for part in parts for line in _series(replace(fleet, endpoints=part))]
    assert sorted(lines) == sorted(_series(fleet))
    assert max(Counter(lines).values()) == 1


def test_the_addresses_of_a_target_are_in_one_shard() -> None:
    parts = divided(_fleet().endpoints, 16)
    of_target = Counter(
        key for part in parts for key in {one.observation.endpoint.target.key for one in part}
    )
    assert set(of_target.values()) == {1}


@given(st.integers(min_value=1, max_value=63))
def test_with_one_shard_more_targets_move_only_to_the_new_one(total: int) -> None:
    moved = [
        (before, after)
        for name in _NAMES[:300]
        if (before := shard_index(name, total)) != (after := shard_index(name, total + 1))
    ]
    assert {after for _, after in moved} <= {total}


def test_shards_are_of_similar_size() -> None:
    sizes = Counter(shard_index(name, 16) for name in _NAMES)
    even = len(_NAMES) / 16
    assert len(sizes) == 16
    assert all(0.6 * even < size < 1.4 * even for size in sizes.values())


@pytest.mark.parametrize(
    ("key", "total", "index"),
    [(1, 1, 0), (42, 57, 43), (0xDEAD10CC, 1, 0), (0xDEAD10CC, 666, 361), (256, 1024, 520)],
)
def test_the_hash_is_that_of_its_publication(key: int, total: int, index: int) -> None:
    assert jump_hash(key, total) == index
