"""The outcome of asking for HTTP/3 over QUIC."""

from __future__ import annotations

from enum import StrEnum

from model.frozen import frozen


class QuicEnd(StrEnum):
    """How far the question got."""

    ANSWERED = "answered"
    """A handshake for HTTP/3 was finished."""
    DECLINED = "declined"
    """The server answers QUIC and refuses HTTP/3."""
    VERSIONS_ONLY = "versions_only"
    """The server answers QUIC; HTTP/3 was not asked, or not answered."""
    CLOSED = "closed"
    """An ICMP message says that nothing listens there."""
    SILENCE = "silence"
    """Nothing came: the port is filtered, or there is no QUIC."""


@frozen
class QuicAnswer:
    """``versions`` are in the server's order; ``certificates`` are DER, the leaf first.

    ``asked`` and ``answered`` are the packets of version negotiation; ``note`` says in a few words how it
    ended. ``ticket`` is a session ticket that came after the handshake, and ``max_early_data`` its
    max_early_data_size, if it has one (RFC 9001, section 4.6.1); each is None if none came.
    """

    end: QuicEnd
    note: str
    versions: tuple[int, ...] = ()
    certificates: tuple[bytes, ...] = ()
    asked: bytes = b""
    answered: bytes = b""
    ticket: bytes | None = None
    max_early_data: int | None = None
