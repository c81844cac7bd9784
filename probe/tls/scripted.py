"""A dialogue that reads as a script: say this, hear that, and go on by what was heard.

For protocols that talk in turns before TLS begins. A script is a generator: it yields one Turn after
the other and gets what was heard in each; what it returns is the result. The driver cuts the peer's
bytes into what each Turn waits for, keeps a bounded transcript, and bounds what is held.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Final, Generic, TypeAlias, TypeVar

from probe.tls.answer import Ending

LONGEST_TURN: Final = 2**15
"""How many bytes one turn may take: more than any honest greeting or list of capabilities."""

_KEPT_LENGTH: Final = 2048
"""How much of either side the transcript keeps."""

Result = TypeVar("Result")

Until: TypeAlias = Callable[[bytes], int | None]
"""How many of the bytes make what is waited for; None while it is not whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What is said, what is then waited for, and in words what that is."""

    say: bytes = b""
    until: Until
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokenOff:
    """The peer ended, fell silent, or did not come to an end (``ending`` None) during a turn.

    ``what`` was waited for, and ``heard`` is what came in place of it.
    """

    ending: Ending | None
    what: str
    heard: bytes


Script: TypeAlias = Generator[Turn, bytes, Result]


class Scripted(Generic[Result]):
    """The Dialogue that plays a script; ``broken_off`` makes the result where the peer stops.

    ``said`` and ``heard`` are the beginning of the transcript, ``surplus`` what came behind the
    last turn, and ``ending`` how the connection ended before the script did.
    """

    def __init__(self, script: Script[Result], broken_off: Callable[[BrokenOff], Result]) -> None:
        self._script = script
        self._broken_off = broken_off
        self._send: Callable[[bytes], None] | None = None
        self._turn: Turn | None = None
        self._result: Result | None = None
        self._pending = b""
        self.said = b""
        self.heard = b""
        self.ending: Ending | None = None

    @property
    def surplus(self) -> bytes:
        """What the peer said behind the end of the script."""
        return self._pending

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Says the first words, if the script has any."""
        self._send = send
        self._go_on(None)

    def feed(self, received: bytes) -> Result | None:
        """Takes bytes; the result once the script has ended."""
        self.heard += received[: _KEPT_LENGTH - len(self.heard)]
        self._pending += received[: LONGEST_TURN - len(self._pending)]
        while self._turn is not None:
            length = self._turn.until(self._pending)
            if length is None:
                is_full = len(self._pending) >= LONGEST_TURN
                return self._break_off(None) if is_full else None
            unit, self._pending = self._pending[:length], self._pending[length:]
            self._go_on(unit)
        return self._result

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
        try:
            self._turn = next(self._script) if unit is None else self._script.send(unit)
        except StopIteration as end:
            self._turn, self._result = None, end.value
            return
        if self._turn.say and self._send is not None:
            self.said += self._turn.say[: _KEPT_LENGTH - len(self.said)]
            self._send(self._turn.say)
