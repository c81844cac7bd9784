"""Does the server's order decide, or the client's?

The choices of a server show it. If it picks a suite that comes after another one that it accepts, it has its
own order. If it picks whichever of two suites comes first, the client's order decides. ChaCha20 does not
count for the client's case: servers with their own order set it aside for a client that puts ChaCha20 before
AES (OpenSSL's PrioritizeChaCha, HAProxy's default, Go).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from model.frozen import frozen
from model.registry import AES_GCM_SUITES, CHACHA20_SUITES
from model.verdict import Preference


@frozen
class SuiteChoice:
    """The suites of one offer, in the client's order, and the server's pick."""

    offered: tuple[int, ...]
    pick: int

    def puts(self, first: int, second: int) -> bool:
        """Whether both were offered, ``first`` before ``second``."""
        if first not in self.offered or second not in self.offered:
            return False
        return self.offered.index(first) < self.offered.index(second)


def preference_shown(choices: Sequence[SuiteChoice], accepted: Sequence[int]) -> Preference:
    """What the choices prove; unknown if they prove neither, or both.

    ``accepted`` is everything that the server is known to accept; each choice picked one of them.
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
    """Whether each pick came first of the two in its offer; false if ChaCha20 won over another suite."""
    chacha20_won = is_chacha20(other.pick) and not is_chacha20(one.pick)
    return not chacha20_won and one.puts(one.pick, other.pick) and other.puts(other.pick, one.pick)


def with_chacha20_last(suites: Sequence[int]) -> tuple[int, ...]:
    """The same order with every ChaCha20 suite after all others."""
    return tuple(sorted(suites, key=CHACHA20_SUITES.__contains__))


def with_aes_gcm_first(suites: Sequence[int]) -> tuple[int, ...]:
    """The same order with every AES-GCM suite before all others, and ChaCha20 last."""
    return tuple(sorted(with_chacha20_last(suites), key=lambda suite: not is_aes_gcm(suite)))


def reversed_order(accepted: Sequence[int]) -> tuple[int, ...]:
    """The reverse order with ChaCha20 last; if that changes nothing, ChaCha20 first."""
    backwards = tuple(reversed(accepted))
    ordered = with_chacha20_last(backwards)
    return ordered if ordered[0] != accepted[0] else backwards


def is_chacha20(code_point: int) -> bool:
    """Whether this is a suite with ChaCha20; always false for named groups."""
    return code_point in CHACHA20_SUITES


def is_aes_gcm(code_point: int) -> bool:
    """Whether this is a suite with AES-GCM."""
    return code_point in AES_GCM_SUITES
