"""The cipher suites to ask about at each version, whole or in parts for servers of short breath."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

from model.protocol_version import ProtocolVersion
from model.registry import Strength, cipher_suites_for
from probe.dialogue.preference import with_chacha20_last

FEW_SUITES: Final = 60
"""A list that even servers with a limit of 64 suites take, the signalling value included."""

_WEAKEST_FIRST = tuple(Strength)


def suites_in_parts(version: ProtocolVersion, most: int | None = None) -> Iterator[tuple[int, ...]]:
    """Every suite worth offering at ``version``, ``most`` at a time; all at once where None.

    The whole list begins with the weakest, against the order of any server that has one: its
    picks then tell so. Parts begin with the strongest suites, the likeliest to be accepted.
    """
    weakest_first = _weakest_first(version)
    if most is None or len(weakest_first) <= most:
        yield weakest_first
        return
    ranked = tuple(reversed(weakest_first))
    for start in range(0, len(ranked), most):
        yield with_chacha20_last(ranked[start : start + most])


@cache
def _weakest_first(version: ProtocolVersion) -> tuple[int, ...]:
    """Of equal strength, what most servers that have an order prefer comes last.

    They begin with AES-128 and the lower code points up to TLS 1.2, with AES-256 at TLS 1.3.
    """
    suites = cipher_suites_for(version)
    if version is not ProtocolVersion.TLSV1_3:
        suites = tuple(reversed(suites))
    ranked = sorted(suites, key=lambda suite: _WEAKEST_FIRST.index(suite.strength))
    return with_chacha20_last([suite.code_point for suite in ranked])
