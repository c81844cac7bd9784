"""The cipher suites to ask about at each version, whole or in parts for servers of short breath."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from model.protocol_version import ProtocolVersion
from model.registry import Strength, cipher_suites_for

FEW_SUITES: Final = 60
"""A list that even servers with a limit of 64 suites take, the signalling value included."""

_BEST_FIRST = tuple(reversed(Strength))


def suites_in_parts(version: ProtocolVersion, most: int | None = None) -> Iterator[tuple[int, ...]]:
    """Every suite worth offering at ``version``, ``most`` at a time; all at once where None.

    Parts begin with the strongest suites, for those are the likeliest to be accepted.
    """
    suites = cipher_suites_for(version)
    if most is None or len(suites) <= most:
        yield tuple(suite.code_point for suite in suites)
        return
    ranked = sorted(suites, key=lambda suite: _BEST_FIRST.index(suite.strength))
    for start in range(0, len(ranked), most):
        yield tuple(suite.code_point for suite in ranked[start : start + most])
