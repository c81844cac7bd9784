"""Whose order decides, the server's or the client's?

Told from the choices that a server made: a pick behind another suite that it accepts shows an
order of its own; two suites of which it took whichever stood first show the client's. ChaCha20
is kept out of the client's case: servers with an order of their own drop it for a client that
puts ChaCha20 before AES (OpenSSL's PrioritizeChaCha, HAProxy's default, Go).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from model.registry import cipher_suite_by_code_point
from model.verdict import Preference


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteChoice:
    """What stood in one offer, in the client's order, and what the server took."""

    offered: tuple[int, ...]
    pick: int

    def puts(self, first: int, second: int) -> bool:
        """Whether both were offered, ``first`` before ``second``."""
        if first not in self.offered or second not in self.offered:
            return False
        return self.offered.index(first) < self.offered.index(second)


def preference_shown(choices: Sequence[SuiteChoice], accepted: Sequence[int]) -> Preference:
    """What the choices prove; unknown where they prove neither, or both.

    ``accepted`` is all that the server is known to take; it took one of them at each choice.
    """
    known = frozenset(accepted)
    own = any(_passed_over(choice, known) for choice in choices)
    yielding = any(
        _follows_the_client(one, other) or _follows_the_client(other, one)
        for one, other in combinations(choices, 2)
    )
    if own == yielding:
        return Preference.UNKNOWN
    return Preference.SERVER if own else Preference.CLIENT


def _passed_over(choice: SuiteChoice, accepted: frozenset[int]) -> bool:
    before = choice.offered[: choice.offered.index(choice.pick)]
    return not accepted.isdisjoint(before)


def _follows_the_client(one: SuiteChoice, other: SuiteChoice) -> bool:
    """Whether each pick stood first of the two, in turn; not where ChaCha20 won over another."""
    chacha20_won = is_chacha20(other.pick) and not is_chacha20(one.pick)
    return not chacha20_won and one.puts(one.pick, other.pick) and other.puts(other.pick, one.pick)


def with_chacha20_last(suites: Sequence[int]) -> tuple[int, ...]:
    """The same order, but every ChaCha20 suite behind all others."""
    return tuple(sorted(suites, key=is_chacha20))


def reversed_order(accepted: Sequence[int]) -> tuple[int, ...]:
    """The opposite order, ChaCha20 last; where that changes nothing, ChaCha20 first."""
    backwards = tuple(reversed(accepted))
    ordered = with_chacha20_last(backwards)
    return ordered if ordered[0] != accepted[0] else backwards


def is_chacha20(code_point: int) -> bool:
    """Whether this is a suite with ChaCha20; named groups never are."""
    suite = cipher_suite_by_code_point(code_point)
    return suite is not None and suite.is_chacha20
