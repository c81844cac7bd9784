"""Is an endpoint changing, or does it answer from several servers in turn, which differ?

It flaps when facts come back that it had not long ago, for the second time: A, B, A may be a change
and its undoing; A, B, A, B is two servers behind one address, or one that comes and goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

FLAPPING_WITHIN: Final = timedelta(days=7)
"""Facts that come back later than this have come back, and nobody is flapping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """That an endpoint showed facts, by their digest; ``is_turn`` where they differed from those before."""

    facts_digest: str
    first_at: datetime
    last_at: datetime
    is_turn: bool


def is_flapping(shown: Sequence[Showing], facts_digest: str, at: datetime) -> bool:
    """Whether coming to ``facts_digest`` now is flapping, after ``shown``, the oldest first."""
    recent = [one for one in shown if at - one.last_at <= FLAPPING_WITHIN]
    seen: set[str] = set()
    returns = 0
    for one in recent:
        if one.is_turn and one.facts_digest in seen:
            returns += 1
        seen.add(one.facts_digest)
    return facts_digest in seen and returns > 0
