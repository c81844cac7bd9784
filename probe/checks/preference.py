"""Whose order decides, the server's or the client's?

The picks of a strike-out tell already where they do not follow the order of the offer. Where
they do, one Offer in reversed order tells: a server with an order of its own makes the same
first pick again.
"""

from __future__ import annotations

from collections.abc import Sequence

from model.registry import cipher_suite_by_code_point
from model.verdict import Preference


def preference_by_order(picks: Sequence[int], offered: Sequence[int]) -> Preference:
    """What the picks alone tell: the server's order, where it is not the order of the offer."""
    ranks = [offered.index(pick) for pick in picks]
    return Preference.UNKNOWN if ranks == sorted(ranks) else Preference.SERVER


def reversed_suites(picks: Sequence[int]) -> tuple[int, ...]:
    """The picks in reverse, ChaCha20 kept last: several servers drop their own order for a
    client that puts it first (OpenSSL's PrioritizeChaCha, HAProxy's default)."""
    backwards = tuple(reversed(picks))
    ordered = tuple(sorted(backwards, key=_is_chacha20))
    return ordered if ordered[0] != picks[0] else backwards


def preference_by_reversal(
    picks: Sequence[int], backwards: Sequence[int], pick: int | None
) -> Preference:
    """What the ``pick`` from the reversed offer tells.

    A ChaCha20 suite that was put first and taken proves nothing, see ``reversed_suites``.
    """
    if pick == picks[0]:
        return Preference.SERVER
    if pick == backwards[0] and not _is_chacha20(pick):
        return Preference.CLIENT
    return Preference.UNKNOWN


def _is_chacha20(code_point: int) -> bool:
    suite = cipher_suite_by_code_point(code_point)
    return suite is not None and suite.is_chacha20
