"""What an answer says, without its bytes: whether two are equal, and whether the server had no room."""

from __future__ import annotations

from typing import Final

from probe.dialogue.answer import (
    Answer,
    ConnectFailure,
    Ending,
    FailureKind,
    Malformed,
    NoHello,
    NotTls,
    RetryRequest,
    ServerFlight,
    TlsAlert,
)

_NO_ROOM: Final = (b"421", b"* BYE")
"""How mail and file servers begin before they hang up (RFC 5321, section 3.8; RFC 959; RFC 9051, section 7.1.5)."""


def is_reset(answer: object) -> bool:
    """Whether a reset came in place of an answer."""
    return isinstance(answer, NoHello) and answer.ending is Ending.RESET


def is_turned_away(answer: object) -> bool:
    """Whether the server says that it has no room for this client, in plaintext even where it speaks TLS at once."""
    match answer:
        case ConnectFailure(kind=kind):
            return kind is FailureKind.TURNED_AWAY
        case NotTls(raw=raw):
            return raw.startswith(_NO_ROOM)
        case _:
            return False


def outcome_of(answer: Answer) -> tuple[object, ...]:
    """The kind of answer, without its bytes: two answers with equal outcomes mean the same.

    Alerts are distinguished by their description, ended connections by their ending, failures by their kind,
    malformed answers by the structure, and hellos by the chosen version and suite.
    """
    match answer:
        case ServerFlight(hello=hello) | RetryRequest(hello=hello):
            return type(answer), hello.version, hello.cipher_suite
        case TlsAlert(description=description):
            return TlsAlert, description
        case NoHello(ending=ending):
            return NoHello, ending
        case NotTls():
            return (NotTls,)
        case Malformed(what=what):
            return Malformed, what
        case ConnectFailure(kind=kind):
            return ConnectFailure, kind
