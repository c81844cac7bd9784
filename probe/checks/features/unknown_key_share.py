"""Does the server skip a key share whose group it does not know (RFC 9846, section 4.2.8)?

Browsers send such a share before the real one (GREASE, RFC 8701), and every new group is unknown to older
servers. Some servers refuse such a hello, or ask for the share that comes after the unknown one. The question
costs nothing: it goes with another one that needs a share.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from model.verdict import Evidence, Fact, Verdict
from probe.checks.prober import Prober
from probe.checks.tls13_flights import read_tls13_flight
from probe.checks.visit_facts import VisitFacts
from probe.crypto.tls13_flight import Tls13Flight
from probe.dialogue.answer import (
    Answer,
    ConnectFailure,
    Ending,
    NoHello,
    RetryRequest,
    ServerFlight,
    TlsAlert,
)
from probe.dialogue.exchange import AMBIGUOUS_ALERTS, in_words
from probe.dialogue.offer import Change
from probe.dialogue.outcome import is_reset, outcome_of
from probe.tls.extensions import KeyShare

UNKNOWN_KEY_SHARE: Final = "unknown_key_share_tolerance"

_UNKNOWN: Final = (KeyShare(group=0x6A6A, key_exchange=b"\x00"),)
_MOST_KEPT: Final = 128
_Flight: TypeAlias = Tls13Flight | ConnectFailure | None


async def read_with_unknown_share(prober: Prober, facts: VisitFacts, change: Change) -> _Flight:
    """The flight that answers a hello with an unknown share and ``change``, or without the share if that fails.

    Fills the feature ``unknown_key_share_tolerance``.
    """
    flight = await read_tls13_flight(prober, facts, change, before=_UNKNOWN)
    if not isinstance(flight, Tls13Flight):
        return flight
    if isinstance(flight.answer, ServerFlight):
        facts.features[UNKNOWN_KEY_SHARE] = _fact(flight, Verdict.YES)
        return flight
    usual = await read_tls13_flight(prober, facts, change)
    is_control = isinstance(usual, Tls13Flight) and isinstance(usual.answer, ServerFlight)
    is_refused = is_control and (
        _is_refusal(flight.answer)
        or await _comes_again(prober, facts, change, outcome_of(flight.answer))
    )
    facts.features[UNKNOWN_KEY_SHARE] = _fact(flight, Verdict.NO if is_refused else Verdict.UNKNOWN)
    return usual


def _is_refusal(answer: Answer) -> bool:
    """Whether overload cannot be the cause. The hello has a share of every known group in it, so there is no
    reason for a HelloRetryRequest."""
    if isinstance(answer, TlsAlert):
        return answer.description not in AMBIGUOUS_ALERTS
    return isinstance(answer, RetryRequest)


async def _comes_again(
    prober: Prober, facts: VisitFacts, change: Change, outcome: tuple[object, ...]
) -> bool:
    """Whether a second hello with the unknown share has the same outcome, which is not silence; a reset needs an
    answered control after it."""
    again = await read_tls13_flight(prober, facts, change, before=_UNKNOWN)
    if not isinstance(again, Tls13Flight) or outcome_of(again.answer) != outcome:
        return False
    if is_reset(again.answer):
        return await prober.ask_control()
    return not (isinstance(again.answer, NoHello) and again.answer.ending is Ending.SILENCE)


def _fact(flight: Tls13Flight, verdict: Verdict) -> Fact:
    note = f"{in_words(flight.answer)} to a hello with an unknown key share before the real one"
    answer = flight.answer.raw[:_MOST_KEPT] or None
    return Fact(verdict=verdict, evidence=Evidence(offer=flight.offered, answer=answer, note=note))
