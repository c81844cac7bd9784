"""A dialogue written as a script: send something, wait for an answer, and continue according to it.

For protocols that talk in turns before TLS begins. A script is a generator: it yields one Turn after the
other and gets the bytes received in each; its return value is the result. The driver splits the peer's bytes
into the units that each Turn waits for, stores a bounded transcript, and bounds what is buffered.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Generic, TypeAlias, TypeVar

from model.frozen import frozen
from probe.dialogue.answer import Ending
from probe.tls.limits import (
    MAX_CONVERSATION_LENGTH,
    MAX_EVIDENCE_LENGTH,
    MAX_TURN_LENGTH,
    MAX_TURNS,
)

Result = TypeVar("Result")

Until: TypeAlias = Callable[[bytes, int], int | None]
"""How many of the bytes of a turn make the awaited unit; None while it is incomplete.

The number argument is how many of them were there at the last call, which found no end. The search continues
from there, so that a peer that sends single bytes costs no more than one that sends all at once.
"""


@frozen
class Turn:
    """The bytes to send, the unit to wait for, and a description of it."""

    say: bytes = b""
    until: Until
    what: str


@frozen
class BrokenOff:
    """The peer ended, fell silent, or sent too much without an end (``ending`` None) during a turn.

    ``what`` was awaited, and ``heard`` is what came instead.
    """

    ending: Ending | None
    what: str
    heard: bytes


Script: TypeAlias = Generator[Turn, bytes, Result]


class Scripted(Generic[Result]):
    """The Dialogue that plays a script; ``broken_off`` makes the result if the peer stops.

    ``said`` and ``heard`` are the bytes of each side, at most ``MAX_EVIDENCE_LENGTH`` of them, and ``is_cut``
    is true if there were more. ``surplus`` is what came after the last turn, and ``ending`` is how the
    connection ended if it ended before the script.
    """

    def __init__(self, script: Script[Result], broken_off: Callable[[BrokenOff], Result]) -> None:
        self._script = script
        self._broken_off = broken_off
        self._send: Callable[[bytes], None] | None = None
        self._turn: Turn | None = None
        self._result: Result | None = None
        self._pending = b""
        self._seen = 0
        self._received = 0
        self._turns = 0
        self.said = b""
        self.heard = b""
        self.is_cut = False
        self.ending: Ending | None = None

    @property
    def surplus(self) -> bytes:
        """The peer's bytes after the end of the script."""
        return self._pending

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the first bytes, if the script has any."""
        self._send = send
        self._go_on(None)

    def feed(self, received: bytes) -> Result | None:
        """Takes bytes; returns the result once the script has ended."""
        self.heard = self._bounded(self.heard, received)
        self._pending += received[: MAX_TURN_LENGTH - len(self._pending)]
        self._received += len(received)
        while self._turn is not None:
            if self._is_flooded:
                return self._break_off(None)
            length = self._turn.until(self._pending, self._seen)
            if length is None:
                self._seen = len(self._pending)
                return self._break_off(None) if self._seen >= MAX_TURN_LENGTH else None
            unit, self._pending = self._pending[:length], self._pending[length:]
            self._go_on(unit)
        return self._result

    @property
    def _is_flooded(self) -> bool:
        return self._received > MAX_CONVERSATION_LENGTH or self._turns > MAX_TURNS

    def end(self, ending: Ending) -> Result:
        """The result when nothing more will come."""
        self.ending = ending
        return self._break_off(ending)

    def _break_off(self, ending: Ending | None) -> Result:
        what = self._turn.what if self._turn is not None else "the end"
        self._turn = None
        self._script.close()
        return self._broken_off(BrokenOff(ending=ending, what=what, heard=self._pending))

    def _go_on(self, unit: bytes | None) -> None:
        self._seen = 0
        self._turns += 1
        try:
            self._turn = next(self._script) if unit is None else self._script.send(unit)
        except StopIteration as end:
            self._turn, self._result = None, end.value
            return
        if self._turn.say and self._send is not None:
            self.said = self._bounded(self.said, self._turn.say)
            self._send(self._turn.say)

    def _bounded(self, before: bytes, more: bytes) -> bytes:
        room = MAX_EVIDENCE_LENGTH - len(before)
        self.is_cut = self.is_cut or len(more) > room
        return before + more[:room]
