"""The permitted conclusions from each kind of answer, as a table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from model.protocol_version import ProtocolVersion
from probe.dialogue.answer import (
    Answer,
    ConnectFailure,
    Ending,
    FailureKind,
    Malformed,
    NoHello,
    NotTls,
    ServerFlight,
    TlsAlert,
)
from probe.dialogue.exchange import Exchange
from probe.dialogue.offer import Shape, offer
from probe.dialogue.outcomes import outcome_of
from probe.tls.hello import ServerHello

TLS12_OFFER = offer(ProtocolVersion.TLSV1_2, (0xC02F,), Shape(server_name=None))


def alert(description: int) -> TlsAlert:
    return TlsAlert(raw=bytes([2, description]), level=2, description=description)


def flight(version: int) -> ServerFlight:
    hello = ServerHello(
        legacy_version=version,
        random=bytes(32),
        session_id=b"",
        cipher_suite=0xC02F,
        compression_method=0,
        extensions=(),
    )
    return ServerFlight(raw=b"hello", hello=hello)


def exchange(answer: Answer, *, confirmed: bool = False) -> Exchange:
    return Exchange(offer=TLS12_OFFER, offered=b"offer", answer=answer, confirmed=confirmed)


@pytest.mark.parametrize(
    ("answer", "ambiguous", "refused", "refused_when_confirmed"),
    [
        (alert(40), False, True, True),
        (alert(70), False, True, True),
        (alert(71), False, True, True),
        (alert(0), True, False, True),
        (alert(80), True, False, True),
        (NoHello(ending=Ending.CLOSED), True, False, True),
        (NoHello(ending=Ending.RESET), True, False, True),
        (NoHello(ending=Ending.SILENCE), True, False, False),
        (NotTls(raw=b"421 too many"), True, False, False),
        (Malformed(raw=b"", what="record header"), True, False, False),
        (ConnectFailure(kind=FailureKind.REFUSED, detail="no"), True, False, False),
        (ConnectFailure(kind=FailureKind.DEADLINE, detail="late"), False, False, False),
        (flight(0x0303), False, False, False),
    ],
)
def test_only_alerts_and_confirmed_ends_refuse(
    answer: Answer, ambiguous: bool, refused: bool, refused_when_confirmed: bool
) -> None:
    once, twice = exchange(answer), exchange(answer, confirmed=True)
    assert (once.is_ambiguous, once.is_refusal, twice.is_refusal) == (
        ambiguous,
        refused,
        refused_when_confirmed,
    )


@pytest.mark.parametrize(
    ("chosen", "version"),
    [
        (0x0303, ProtocolVersion.TLSV1_2),
        (0x0301, ProtocolVersion.TLSV1_0),
        (0x0304, None),
        (0x0299, None),
    ],
)
def test_a_version_counts_only_in_hellos_that_offered_it(
    chosen: int, version: ProtocolVersion | None
) -> None:
    assert exchange(flight(chosen)).version is version


def test_evidence_is_the_offer_the_answer_and_a_note() -> None:
    proof = exchange(alert(40)).evidence()
    assert (proof.offer, proof.answer, proof.note) == (
        b"offer",
        b"\x02\x28",
        "alert handshake_failure",
    )


def test_answers_are_compared_by_type_and_not_by_text() -> None:
    words = "the server turns clients away: try again in 3 s"
    failures = [
        ConnectFailure(kind=kind, detail=words)
        for kind in (FailureKind.TURNED_AWAY, FailureKind.OTHER_PROTOCOL)
    ]
    later = replace(failures[0], detail="the server turns clients away: try again in 1 s")
    assert outcome_of(failures[0]) == outcome_of(later)
    assert outcome_of(failures[0]) != outcome_of(failures[1])
    closed = NoHello(ending=Ending.CLOSED, raw=b"a")
    assert outcome_of(closed) == outcome_of(NoHello(ending=Ending.CLOSED))
    assert outcome_of(closed) != outcome_of(NoHello(ending=Ending.RESET, raw=b"a"))


def test_a_confirmed_refusal_shows_how_it_was_confirmed() -> None:
    closed = exchange(NoHello(ending=Ending.CLOSED), confirmed=True)
    assert "known good hello" in closed.summary
