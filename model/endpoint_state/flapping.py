"""Is an endpoint changing, or do several different servers answer in turn?

An endpoint flaps when recent facts return for the second time: A, B, A may be a change and its reversal;
A, B, A, B is two servers behind one address, or one that comes and goes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from model.frozen import frozen

FLAPPING_WITHIN: Final = timedelta(days=7)
"""Facts that return after a longer time do not count as flapping."""


@frozen
class Showing:
    """A period in which an endpoint showed the same facts, by digest; ``is_turn`` if they differed from before."""

    facts_digest: str
    first_at: datetime
    last_at: datetime
    is_turn: bool


def is_flapping(shown: Sequence[Showing], facts_digest: str, at: datetime) -> bool:
    """Whether a change to ``facts_digest`` now is flapping, given the earlier ``shown``, oldest first."""
    recent = [one for one in shown if at - one.last_at <= FLAPPING_WITHIN]
    seen: set[str] = set()
    returns = 0
    for one in recent:
        if one.is_turn and one.facts_digest in seen:
            returns += 1
        seen.add(one.facts_digest)
    return facts_digest in seen and returns > 0
