"""The file format: any visit reads back unchanged, and the error for a broken file names its line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.observation import Cost
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from probe.checks.part import Part
from probe.dialogue.answer import ConnectFailure, Ending, FailureKind
from probe.dialogue.handshake import (
    Handshake,
    HandshakeEnd,
    HandshakeOffer,
    PostHandshakeAction,
)
from probe.recording.visit import (
    Conversation,
    RecordedHandshake,
    RecordedVisit,
    RecordingError,
    from_lines,
    to_lines,
)

PIECES = st.lists(st.binary(max_size=40), max_size=4).map(tuple)
SECONDS = st.floats(0, 100)
NO_CONNECTIONS = st.builds(ConnectFailure, kind=st.sampled_from(FailureKind), detail=st.text())
CONVERSATIONS = st.builds(
    Conversation,
    said=PIECES,
    heard=PIECES,
    ending=st.none() | st.sampled_from(Ending),
    no_connection=st.none() | NO_CONNECTIONS,
    started=SECONDS,
    done=SECONDS,
)
OFFERS = st.builds(
    HandshakeOffer,
    version=st.sampled_from(ProtocolVersion),
    server_name=st.none() | st.just("zoo.test"),
    cipher_suites=st.lists(st.integers(0, 0xFFFF), max_size=3).map(tuple),
)
HANDSHAKES = st.builds(
    RecordedHandshake,
    outcome=st.builds(
        Handshake,
        offer=OFFERS,
        end=st.sampled_from(HandshakeEnd),
        certificates=PIECES,
        alert=st.none() | st.integers(0, 255),
        note=st.text(),
    ),
    started=SECONDS,
    done=SECONDS,
)
VISITS = st.builds(
    RecordedVisit,
    tool_version=st.just("1.0"),
    endpoint=st.just(
        Endpoint(
            target=Target(host="zoo.test", port=443, server_name="zoo.test"), address="127.0.0.1"
        )
    ),
    started_at=st.just(datetime(2026, 11, 24, 9, 30, tzinfo=UTC)),
    parts=st.frozensets(st.sampled_from(Part)),
    nonce=st.binary(min_size=64, max_size=64),
    conversations=st.lists(CONVERSATIONS, max_size=3).map(tuple),
    handshakes=st.lists(HANDSHAKES, max_size=3).map(tuple),
    cost=st.builds(Cost, connections=st.integers(0, 99), throttled=st.booleans()),
)


@given(visits=st.lists(VISITS, min_size=1, max_size=3))
def test_visits_are_restored_unchanged(visits: list[RecordedVisit]) -> None:
    lines = [line for visit in visits for line in to_lines(visit)]
    assert list(from_lines(lines)) == visits
    assert all(line.isascii() for line in lines)


@given(visit=VISITS, data=st.data())
def test_a_broken_file_is_refused_with_its_line(visit: RecordedVisit, data: st.DataObject) -> None:
    lines = list(to_lines(visit))
    kept = data.draw(st.integers(0, len(lines) - 1))
    with pytest.raises(RecordingError, match=f"ends too early, at line {kept}"):
        list(from_lines(lines[:kept]))
    corrupted = [*lines[:kept], '{"conversation": {"said": 7}}', *lines[kept:]]
    with pytest.raises(RecordingError, match=f"line {kept + 1} "):
        list(from_lines(corrupted))


@given(visit=VISITS)
def test_a_recording_of_an_earlier_version_is_read(visit: RecordedVisit) -> None:
    first, *_, last = to_lines(visit)
    lines = [
        first,
        (
            '{"conversation":{"said":["16"],"heard":[],"ending":null,'
            '"no_connection":{"obstacle":"reset","detail":"it was reset","said":"","raw":""},'
            '"started":0.0,"done":0.5}}'
        ),
        (
            '{"handshake":{"outcome":{"offer":{"version":771,"server_name":"zoo.test",'
            '"afterword":"renegotiation"},"end":"accepted","afterword":"refused"},'
            '"started":1.0,"done":1.5}}'
        ),
        last,
    ]
    (earlier,) = from_lines(lines)
    assert earlier.conversations[0].no_connection == ConnectFailure(
        kind=FailureKind.RESET, detail="it was reset"
    )
    shaken = earlier.handshakes[0].outcome
    assert (shaken.offer.post_handshake, shaken.post_handshake) == (
        PostHandshakeAction.RENEGOTIATION,
        HandshakeEnd.REFUSED,
    )


@given(line=st.text(max_size=60))
def test_any_other_text_is_not_a_recording(line: str) -> None:
    with pytest.raises(RecordingError):
        list(from_lines([line]))
