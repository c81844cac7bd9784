"""How long one visit waits: until its deadline, and for each answer by how quick the server has been so far.

Streams and datagrams share it, and also the rule for what counts as trouble, after which the visit slows
down.
"""

from __future__ import annotations

import asyncio
import math
from typing import Final

from model.ports import Clock
from pki.net_guard.politeness import AddressGate
from probe.dialogue.answer import ConnectFailure, Ending, FailureKind, NoHello
from probe.dialogue.outcome import is_turned_away

_SLOWEST_FACTOR: Final = 20
"""Once a server has shown how long its answers take, twenty times the slowest one counts as silence."""

_QUICK_FACTOR: Final = 3
"""An answer is quick if it takes at most this many times the quickest one; a handshake has two round trips."""

_QUICK_SECONDS: Final = 0.05
"""An answer within this time is always quick."""

_NO_DISTRESS: Final = frozenset(
    {
        FailureKind.OTHER_PROTOCOL,
        FailureKind.NOT_OFFERED,
        FailureKind.DECLINED,
        FailureKind.DENIED,
        FailureKind.BUDGET,
    }
)
"""A server that answers with something else is in order, and our own limits say nothing about it."""


class Deadline:
    """The end of one visit, ``seconds`` from now."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._ends = clock.monotonic() + seconds

    @property
    def remaining_seconds(self) -> float:
        """The time left in the visit; negative after its end."""
        return self._ends - self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Sleeps, but not beyond the end of the visit."""
        await asyncio.sleep(max(0.0, min(seconds, self.remaining_seconds)))


class Patience:
    """What one visit knows of its server's pace. ``longest_seconds`` bounds each answer.

    However quick the server has been, it has at least ``shortest_seconds``.
    """

    def __init__(
        self,
        gate: AddressGate,
        deadline: Deadline,
        *,
        longest_seconds: float,
        shortest_seconds: float,
    ) -> None:
        self._gate = gate
        self._deadline = deadline
        self._longest = longest_seconds
        self._shortest = shortest_seconds
        self._slowest: float | None = None
        self._quickest = math.inf
        self.throttled = False
        """Whether trouble came after an answer: from then on the visit slows down to protect the server."""

    def seconds(self, *, patient: bool) -> float:
        """How long to wait for the next answer; ``patient`` ignores the server's pace so far."""
        longest = self._longest
        if not patient and self._slowest is not None:
            longest = min(longest, max(self._shortest, _SLOWEST_FACTOR * self._slowest))
        return max(0.0, min(longest, self._deadline.remaining_seconds))

    def note_time(self, took_seconds: float) -> None:
        """Records how long an answer took; quick answers may let the address's share grow."""
        self._quickest = min(took_seconds, self._quickest)
        if took_seconds <= max(_QUICK_SECONDS, _QUICK_FACTOR * self._quickest):
            self._gate.answered_quickly()
        self._slowest = max(took_seconds, self._slowest or 0.0)

    def note_result(self, result: object, epoch: int) -> None:
        """Reports to the address's gate whether the server is in order; ``epoch`` is the gate's epoch at the
        time of asking."""
        if not is_trouble(result):
            self._gate.answered()
            return
        if is_turned_away(result):
            self._gate.turned_away(epoch)
        else:
            self._gate.trouble(epoch)
        self.throttled = self.throttled or self._slowest is not None


def is_trouble(result: object) -> bool:
    """Whether a server in distress may have caused this result."""
    match result:
        case ConnectFailure(kind=kind):
            return kind not in _NO_DISTRESS
        case NoHello(ending=ending):
            return ending is not Ending.CLOSED
        case _:
            return is_turned_away(result)
