"""Bytes to Answers: the same for any split, one for any stream, and never an exception."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.dialogue.answer import (
    Answer,
    AnswerReader,
    Ending,
    Malformed,
    NoHello,
    NotTls,
    RetryRequest,
    ServerFlight,
    TlsAlert,
)
from probe.dialogue.before_tls.greetings import plaintext_service
from probe.tls.hello import RETRY_REQUEST_RANDOM
from probe.tls.limits import MAX_ANSWER_LENGTH
from tests.probe.tls import wire
from tests.probe.tls.test_records import in_pieces

HANDSHAKE, ALERT = 22, 21
TLS13_BLOCK = wire.extensions((43, b"\x03\x04"), (51, b"\x00\x1d"))
HELLO = wire.message(2, wire.server_hello())
FLIGHT = b"".join(
    (
        HELLO,
        wire.message(11, wire.certificate(b"leaf", b"issuer")),
        wire.message(12, wire.ecdhe(29, b"point", wire.signature(0x0804))),
        wire.message(13, wire.certificate_request(b"\x01", (0x0804,), (b"name",))),
        wire.message(14, b""),
    )
)
STREAMS = {
    "flight": wire.record(HANDSHAKE, FLIGHT),
    "flight in one-byte records": b"".join(
        wire.record(HANDSHAKE, bytes([byte])) for byte in FLIGHT
    ),
    "hello of TLS 1.3": wire.record(
        HANDSHAKE, wire.message(2, wire.server_hello(block=TLS13_BLOCK))
    ),
    "retry request": wire.record(
        HANDSHAKE,
        wire.message(2, wire.server_hello(random=RETRY_REQUEST_RANDOM, block=TLS13_BLOCK)),
    ),
    "fatal alert": wire.record(ALERT, b"\x02\x28"),
    "warning and flight": wire.record(ALERT, b"\x01\x70") + wire.record(HANDSHAKE, FLIGHT),
    "two alerts in one record": wire.record(ALERT, b"\x01\x70\x02\x28"),
    "close_notify": wire.record(ALERT, b"\x01\x00"),
    "hello, then an alert": wire.record(HANDSHAKE, HELLO) + wire.record(ALERT, b"\x02\x28"),
    "HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "application data": wire.record(23, b"hello"),
    "a client's hello": wire.record(HANDSHAKE, wire.message(1, b"")),
}


def read(pieces: list[bytes], ending: Ending = Ending.CLOSED) -> Answer:
    reader = AnswerReader()
    for piece in pieces:
        answer = reader.feed(piece)
        if answer is not None:
            return answer
    return reader.end(ending)


def test_a_flight_shows_everything_in_plaintext() -> None:
    answer = read([STREAMS["flight"]])
    assert isinstance(answer, ServerFlight)
    assert answer.raw == HELLO
    assert answer.certificates == (b"leaf", b"issuer")
    assert answer.server_key_exchange is not None
    assert answer.server_key_exchange.named_group == 29
    assert answer.certificate_request is not None
    assert answer.certificate_request.certificate_authorities == (b"name",)
    assert answer.is_complete


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("flight in one-byte records", ServerFlight),
        ("hello of TLS 1.3", ServerFlight),
        ("retry request", RetryRequest),
        ("fatal alert", TlsAlert),
        ("warning and flight", ServerFlight),
        ("two alerts in one record", TlsAlert),
        ("close_notify", TlsAlert),
        ("hello, then an alert", ServerFlight),
        ("HTTP", NotTls),
        ("application data", Malformed),
        ("a client's hello", Malformed),
    ],
)
def test_each_stream_is_its_kind_of_answer(name: str, kind: type) -> None:
    assert isinstance(read([STREAMS[name]]), kind)


def test_the_fatal_alert_of_two_counts() -> None:
    answer = read([STREAMS["two alerts in one record"]])
    assert isinstance(answer, TlsAlert)
    assert (answer.level, answer.name) == (2, "handshake_failure")


@given(st.sampled_from(sorted(STREAMS)), st.lists(st.integers(0, 10_000)))
def test_the_answer_is_the_same_in_any_pieces(name: str, cuts: list[int]) -> None:
    whole, pieced = read([STREAMS[name]]), read(in_pieces(STREAMS[name], cuts))
    if isinstance(whole, Malformed):
        # How much of it was stored depends on how it arrived.
        assert isinstance(pieced, Malformed)
    else:
        assert whole == pieced


@pytest.mark.parametrize(
    ("received", "service"),
    [
        (b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n", "HTTP"),
        (b"220 mail.example ESMTP Postfix\r\n", "SMTP"),
        (b"\x4a\x00\x00\x00\x0a8.0.36\x00", "MySQL"),
        (b"E\x00\x00\x00\x8dSFATAL\x00", "PostgreSQL"),
    ],
)
def test_a_greeting_is_recognised_byte_by_byte(received: bytes, service: str) -> None:
    answer = read([received[at : at + 1] for at in range(len(received))])
    assert isinstance(answer, NotTls)
    assert plaintext_service(answer.raw) == service


@pytest.mark.parametrize("ending", Ending)
def test_an_endless_greeting_is_not_tls_when_the_connection_ends(ending: Ending) -> None:
    assert read([b"H", b"TTP/1.1"], ending) == NotTls(raw=b"HTTP/1.1")


def test_a_greeting_is_not_awaited_forever() -> None:
    reader = AnswerReader()
    assert reader.feed(bytes([0xFF]) * 511) is None
    assert reader.feed(bytes([0xFF]) * 511) == NotTls(raw=bytes([0xFF]) * 512)


@pytest.mark.parametrize("ending", Ending)
@given(st.data())
def test_a_truncated_stream_is_its_ending_or_the_received_bytes(
    ending: Ending, data: st.DataObject
) -> None:
    stream = STREAMS["flight"]
    end = data.draw(st.integers(0, len(stream) - 1))
    # The whole flight is one record here, so nothing of it counts before its last byte.
    assert read([stream[:end]] if end else [], ending) == NoHello(ending=ending, raw=stream[:end])


def test_a_hello_counts_even_if_the_rest_never_arrives() -> None:
    answer = read([wire.record(HANDSHAKE, HELLO)], Ending.SILENCE)
    assert isinstance(answer, ServerFlight)
    assert not answer.is_complete


def test_a_malformed_certificate_does_not_invalidate_the_hello() -> None:
    answer = read([wire.record(HANDSHAKE, HELLO + wire.message(11, b"\xff\xff\xff"))])
    assert isinstance(answer, ServerFlight)
    assert (answer.certificates, answer.is_complete) == (None, False)


@given(st.lists(st.binary(max_size=60), max_size=10))
def test_any_stream_has_an_answer(pieces: list[bytes]) -> None:
    assert read(pieces) is not None


@given(st.sampled_from(sorted(STREAMS)), st.data())
def test_a_corrupted_stream_has_an_answer(name: str, data: st.DataObject) -> None:
    stream = bytearray(STREAMS[name])
    for _ in range(data.draw(st.integers(1, 4))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    assert read([bytes(stream)]) is not None


@pytest.mark.parametrize(
    "piece",
    [wire.record(20, bytes(10_000)), wire.record(ALERT, b"\x01\x70" * 5000)],
    ids=["change_cipher_spec", "warnings"],
)
def test_a_flood_ends_at_the_limit(piece: bytes) -> None:
    reader, fed = AnswerReader(), 0
    while reader.feed(piece) is None:
        fed += len(piece)
        assert fed < MAX_ANSWER_LENGTH


@pytest.mark.parametrize(
    ("behind", "is_cut"),
    [
        (wire.record(HANDSHAKE, b"\x0b" + (MAX_ANSWER_LENGTH + 1).to_bytes(3, "big")), True),
        (b"\xff", False),
    ],
    ids=["a message that claims to be longer", "bytes that are not a record"],
)
def test_a_flight_is_cut_only_by_its_length(behind: bytes, is_cut: bool) -> None:
    answer = read([wire.record(HANDSHAKE, HELLO) + behind])
    assert isinstance(answer, ServerFlight)
    assert answer.is_cut is is_cut


@given(st.integers(500, 2 * MAX_ANSWER_LENGTH), st.integers(1, 2))
def test_bytes_past_the_limit_do_not_count_however_they_arrive(step: int, times: int) -> None:
    filler = wire.record(20, bytes(10_000))
    enough = filler * (times * MAX_ANSWER_LENGTH // len(filler) + 1)
    done = wire.record(HANDSHAKE, wire.message(14, b""))
    stream = wire.record(HANDSHAKE, HELLO) + enough + done
    answer = read([stream[start : start + step] for start in range(0, len(stream), step)])
    assert answer == read([stream])
    assert isinstance(answer, ServerFlight)
    assert not answer.is_complete


@pytest.mark.parametrize(
    "stream",
    [
        wire.record(20, bytes(16_000)) * 1000,
        wire.record(22, b"") * 50_000,
        wire.record(HANDSHAKE, HELLO)
        + b"".join(
            wire.record(HANDSHAKE, part)
            for part in [wire.message(11, wire.vector(bytes(15_990), 3))] * 1000
        ),
        b"\xff" * 16_000_000,
    ],
    ids=["change_cipher_spec", "empty records", "empty certificates", "no records"],
)
@pytest.mark.parametrize("step", [1400, 16_000_000])
def test_no_stream_uses_more_memory_than_a_few_answers(stream: bytes, step: int) -> None:
    pieces = [stream[start : start + step] for start in range(0, len(stream), step)]
    tracemalloc.start()
    try:
        read(pieces)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * MAX_ANSWER_LENGTH
