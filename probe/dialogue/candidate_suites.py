"""The cipher suites to ask about at each version, all at once or in parts for servers that need short hellos."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

from model.protocol_version import ProtocolVersion
from model.registry import Strength, cipher_suites_for
from probe.dialogue.preference import with_chacha20_last

FEW_SUITES: Final = 60
"""A number that even servers with a limit of 64 suites accept, including the signalling value."""

_WEAKEST_FIRST = tuple(Strength)


def suites_in_parts(version: ProtocolVersion, most: int | None = None) -> Iterator[tuple[int, ...]]:
    """Every suite worth offering at ``version``, in parts of ``most``; all at once if that is None.

    The full list begins with the weakest suites, against the order of any server that has one, so that the
    server's picks show its order. Parts begin with the strongest suites, which are the most likely to be
    accepted.
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
    """The suites from the weakest strength on; within a strength, those that servers with an order prefer
    come last.

    Such servers prefer AES-128 and lower code points up to TLS 1.2, and AES-256 at TLS 1.3.
    """
    suites = cipher_suites_for(version)
    if version is not ProtocolVersion.TLSV1_3:
        suites = tuple(reversed(suites))
    ranked = sorted(suites, key=lambda suite: _WEAKEST_FIRST.index(suite.strength))
    return with_chacha20_last([suite.code_point for suite in ranked])
