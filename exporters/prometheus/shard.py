"""Parts of the inventory's page, for fleets that are too large for one scrape.

The total is in each request, as in kube-state-metrics, so that another number of scrape jobs needs no other
configuration here. A target is in one part with all its addresses: its series are about all of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from model.snapshot import EndpointStatus

MOST_SHARDS: Final = 64

_FACTOR: Final = 2862933555777941757
_64_BITS: Final = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Shard:
    """Part ``index`` of ``total``, counted from 0."""

    index: int
    total: int


WHOLE: Final = Shard(0, 1)


def shard_index(target_key: str, total: int) -> int:
    """The part of ``total`` that the target is in; with one part more, only the targets of the new one move."""
    digest = blake2b(target_key.encode(), digest_size=8).digest()
    return jump_hash(int.from_bytes(digest, "big"), total)


def jump_hash(key: int, total: int) -> int:
    """A number below ``total``: Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm", 2014."""
    index, jump = 0, 0
    while jump < total:
        index = jump
        key = (key * _FACTOR + 1) & _64_BITS
        jump = int((index + 1) * (2**31 / ((key >> 33) + 1)))
    return index


def divided(
    endpoints: Iterable[EndpointStatus], total: int
) -> tuple[tuple[EndpointStatus, ...], ...]:
    """The endpoints of each of the ``total`` parts, in their order."""
    parts: tuple[list[EndpointStatus], ...] = tuple([] for _ in range(total))
    for one in endpoints:
        parts[shard_index(one.observation.endpoint.target.key, total)].append(one)
    return tuple(map(tuple, parts))
