"""An Offer with its Answer, and the conclusions from the pair.

Only a fatal alert is a refusal by itself. A close, a reset, ``close_notify`` or ``internal_error`` may also be
due to overload (CloudFront, rate limits), so it is a refusal only once it is ``confirmed``: asked again with
the same outcome, after a known good hello was answered in between, and after a reset another one.
"""

from __future__ import annotations

from typing import Final

from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Fact, Verdict
from probe.dialogue.answer import (
    KEPT_LENGTH,
    Answer,
    ConnectFailure,
    Ending,
    Malformed,
    NoHello,
    NotTls,
    RetryRequest,
    ServerFlight,
    TlsAlert,
    conversation_evidence,
)
from probe.dialogue.offer import Offer
from probe.dialogue.outcome import is_reset
from probe.tls.hello import ServerHello

CLOSE_NOTIFY: Final = 0
ILLEGAL_PARAMETER: Final = 47
DECODE_ERROR: Final = 50
PROTOCOL_VERSION: Final = 70
INTERNAL_ERROR: Final = 80
MISSING_EXTENSION: Final = 109
UNSUPPORTED_EXTENSION: Final = 110
UNRECOGNIZED_NAME: Final = 112
NO_APPLICATION_PROTOCOL: Final = 120

AMBIGUOUS_ALERTS: Final = frozenset({CLOSE_NOTIFY, INTERNAL_ERROR})
"""Alerts that overload may cause."""


@frozen
class Exchange:
    """One question and its answer; ``offered`` holds the bytes sent."""

    offer: Offer
    offered: bytes
    answer: Answer
    confirmed: bool = False

    @property
    def hello(self) -> ServerHello | None:
        """The server's hello or retry request, if one came."""
        if isinstance(self.answer, ServerFlight | RetryRequest):
            return self.answer.hello
        return None

    @property
    def version(self) -> ProtocolVersion | None:
        """The version that the server chose; None if it chose none, or one that was not offered."""
        hello = self.hello
        if hello is None or (chosen := hello.version) > self.offer.version:
            return None
        try:
            return ProtocolVersion(chosen)
        except ValueError:
            return None

    @property
    def is_ambiguous(self) -> bool:
        """Whether overload could cause the same answer."""
        match self.answer:
            case TlsAlert(description=description):
                return description in AMBIGUOUS_ALERTS
            case NoHello() | Malformed() | NotTls():
                return True
            case ConnectFailure():
                return not self.answer.is_visit_limit
            case _:
                return False

    @property
    def is_refusal(self) -> bool:
        """Whether the server proved that it does not accept this Offer."""
        match self.answer:
            case TlsAlert():
                return self.confirmed or not self.is_ambiguous
            case NoHello(ending=Ending.CLOSED | Ending.RESET):
                return self.confirmed
            case _:
                return False

    @property
    def alert(self) -> int | None:
        """The alert's description, if the answer is one."""
        return self.answer.description if isinstance(self.answer, TlsAlert) else None

    @property
    def is_past_deadline(self) -> bool:
        """Whether the question was not asked because the time or the budget was used up."""
        return isinstance(self.answer, ConnectFailure) and self.answer.is_visit_limit

    def evidence(self, note: str | None = None) -> Evidence:
        """The pair as proof, with a sentence on how to read it."""
        if isinstance(self.answer, ConnectFailure):
            return self.answer.evidence(note or self.summary)
        raw = self.answer.raw
        is_plain = isinstance(self.answer, NoHello | NotTls | Malformed)
        is_cut = is_plain and len(raw) == KEPT_LENGTH
        return conversation_evidence(self.offered, raw, note or self.summary, is_cut=is_cut)

    def fact(self, verdict: Verdict, note: str | None = None, value: str | None = None) -> Fact:
        """A verdict that rests on this pair."""
        return Fact(verdict=verdict, evidence=self.evidence(note), value=value)

    @property
    def summary(self) -> str:
        """The answer in a few words."""
        return f"{in_words(self.answer)}{confirmation(self.answer) if self.confirmed else ''}"


def confirmation(answer: object) -> str:
    """How the answer was confirmed, to follow its words."""
    if is_reset(answer):
        return ", twice, between known good hellos that were answered: counts as a refusal"
    return ", twice, while a known good hello was answered"


_ENDINGS = {
    Ending.CLOSED: "closed without an answer",
    Ending.RESET: "reset without an answer",
    Ending.SILENCE: "no complete answer in time",
}


def in_words(answer: Answer) -> str:
    """The answer in a few words."""
    match answer:
        case ServerFlight(flaw=flaw):
            return "ServerHello" if flaw is None else f"ServerHello, then malformed {flaw}"
        case RetryRequest():
            return "HelloRetryRequest"
        case TlsAlert() as alert:
            return f"alert {alert.name}"
        case NoHello(ending=ending):
            return _ENDINGS[ending]
        case NotTls():
            return "answered, but not in TLS"
        case Malformed(what=what):
            return f"malformed {what}"
        case ConnectFailure(detail=detail):
            return detail
