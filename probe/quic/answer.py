"""What came of asking for HTTP/3 over QUIC."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class QuicEnd(StrEnum):
    """How far it came."""

    ANSWERED = "answered"
    """A handshake for HTTP/3 was finished."""
    DECLINED = "declined"
    """QUIC is answered, and HTTP/3 is refused."""
    VERSIONS_ONLY = "versions_only"
    """QUIC is answered, and whether HTTP/3 is spoken was not asked, or not answered."""
    CLOSED = "closed"
    """The machine says that nothing listens there."""
    SILENCE = "silence"
    """Nothing came: the port is filtered, or there is no QUIC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuicAnswer:
    """``versions`` as the server listed them; ``certificates`` are DER, the leaf first.

    ``asked`` and ``answered`` are the packets of version negotiation; ``note`` says in a few words how
    it ended.
    """

    end: QuicEnd
    note: str
    versions: tuple[int, ...] = ()
    certificates: tuple[bytes, ...] = ()
    asked: bytes = b""
    answered: bytes = b""
