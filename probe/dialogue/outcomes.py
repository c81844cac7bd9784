"""What an answer means, without its bytes."""

from __future__ import annotations

from probe.dialogue.answer import (
    Answer,
    ConnectFailure,
    Ending,
    Malformed,
    NoHello,
    NotTls,
    RetryRequest,
    ServerFlight,
    TlsAlert,
)


def is_reset(answer: object) -> bool:
    """Whether a reset came in place of an answer."""
    return isinstance(answer, NoHello) and answer.ending is Ending.RESET


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
