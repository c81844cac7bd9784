"""A conversation on one connection, sans I/O: bytes in, bytes out, and a result at the end.

Most questions are one hello and its answer. Those that need more (a heartbeat, an early ChangeCipherSpec, a
whole handshake) are Dialogues, which ``probe.connect`` carries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from probe.dialogue.answer import Ending

Result = TypeVar("Result")
ResultT_co = TypeVar("ResultT_co", covariant=True)


class Dialogue(Protocol[ResultT_co]):
    """One side of a connection; it is used once.

    No bytes from the peer may make ``feed`` or ``end`` raise, or make the Dialogue store more than 256 KiB
    (1.25 MiB for the one long answer of a visit).
    """

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the first bytes through ``send``, which may be stored and called from ``feed``."""
        ...

    def feed(self, received: bytes) -> ResultT_co | None:
        """Takes the peer's next bytes, in pieces of any size; returns the result once it is known."""
        ...

    def end(self, ending: Ending) -> ResultT_co:
        """The result if nothing more will come, or nothing more came in time (silence)."""
        ...


class Framing(Protocol):
    """Makes a Dialogue whose bytes are in packets of another protocol, for one connection."""

    def __call__(self, dialogue: Dialogue[Result]) -> Dialogue[Result]:
        """The same conversation, in packets."""
        ...
