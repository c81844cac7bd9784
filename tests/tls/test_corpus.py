"""Recorded flights of real servers: decoded as their headers say, and spoilt without harm.

``python -m tests.tls.record_corpus`` records them anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.registry import cipher_suite_name
from probe.certificates import parse_certificate
from probe.tls.answer import Alert, Answer, AnswerReader, Ending, RetryRequest, ServerFlight
from tests.tls.record_corpus import CORPUS, QUESTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One file of the corpus."""

    name: str
    server: str
    version: str
    expected: str
    received: bytes


def recording(path: Path) -> Recording:
    header, content = path.read_text().splitlines()
    server, version, expected = header.removeprefix("# ").split(" | ")
    return Recording(
        name=path.stem,
        server=server,
        version=version,
        expected=expected,
        received=bytes.fromhex(content),
    )


RECORDINGS = [recording(path) for path in sorted(CORPUS.glob("*.hex"))]
FLIGHTS = [one for one in RECORDINGS if one.expected.startswith("TLS_")]


def read(received: bytes) -> Answer:
    reader = AnswerReader()
    return reader.feed(received) or reader.end(Ending.CLOSED)


def told(answer: Answer) -> str:
    match answer:
        case ServerFlight(hello=hello):
            return cipher_suite_name(hello.cipher_suite)
        case RetryRequest():
            return "HelloRetryRequest"
        case Alert() as alert:
            return alert.name
        case _:
            return type(answer).__name__


@pytest.mark.parametrize("one", RECORDINGS, ids=lambda one: one.name)
def test_a_recording_says_what_its_server_is(one: Recording) -> None:
    assert told(read(one.received)) == one.expected


@pytest.mark.parametrize("one", FLIGHTS, ids=lambda one: one.name)
def test_a_whole_flight_is_read_to_its_end(one: Recording) -> None:
    answer = read(one.received)
    assert isinstance(answer, ServerFlight)
    assert answer.is_complete


@pytest.mark.parametrize(
    "one", [one for one in FLIGHTS if one.version != "TLSv1.3"], ids=lambda one: one.name
)
def test_what_stands_in_clear_fits_the_suite(one: Recording) -> None:
    answer = read(one.received)
    assert isinstance(answer, ServerFlight)
    has_certificate = not ("anon" in one.expected or "_PSK_" in one.expected)
    assert bool(answer.certificates) == has_certificate
    parsed = [parse_certificate(der).parse_error for der in answer.certificates or ()]
    assert parsed == [None] * len(parsed)
    parameters = answer.server_key_exchange
    assert (parameters is not None and parameters.named_group is not None) == (
        "_ECDH" in one.expected
    )
    assert (parameters is not None and parameters.dh_prime is not None) == ("_DH" in one.expected)
    asks = "certificate-required" in one.server
    assert (answer.certificate_request is not None) == asks


def test_every_question_has_its_recording() -> None:
    assert {one.name for one in RECORDINGS} == {question.name for question in QUESTIONS}


@given(st.sampled_from(RECORDINGS), st.data())
def test_a_spoilt_recording_still_has_an_answer(one: Recording, data: st.DataObject) -> None:
    spoilt = bytearray(one.received)
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(spoilt) - 1))
        match data.draw(st.sampled_from(["change", "cut", "double"])):
            case "change":
                spoilt[place] = data.draw(st.integers(0, 255))
            case "cut":
                del spoilt[place : place + data.draw(st.integers(1, 40))]
            case _:
                spoilt[place:place] = spoilt[place : place + 40]
        if not spoilt:
            return
    assert read(bytes(spoilt)) is not None


@given(st.sampled_from(RECORDINGS), st.sampled_from(RECORDINGS), st.data())
def test_two_spliced_recordings_have_an_answer(
    one: Recording, other: Recording, data: st.DataObject
) -> None:
    end = data.draw(st.integers(0, len(one.received)))
    start = data.draw(st.integers(0, len(other.received)))
    assert read(one.received[:end] + other.received[start:]) is not None
