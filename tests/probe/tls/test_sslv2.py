"""SSL 2.0's messages both ways, and bytes of other protocols: the answer is right however they were split."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from probe.dialogue.answer import Ending, Malformed, NoHello, NotTls, TlsAlert
from probe.dialogue.sslv2 import (
    Sslv2Answer,
    Sslv2Error,
    Sslv2Question,
    Sslv2ServerHello,
    encode_client_hello,
)
from tests.probe.tls import wire

CHALLENGE = bytes(range(16))
KINDS = st.lists(st.integers(0, 0xFFFFFF), max_size=30).map(tuple)
CUTS = st.lists(st.integers(1, 400), max_size=20)
PADDING = st.none() | st.integers(0, 255)
ENDINGS = st.sampled_from(Ending)


def record(message: bytes, padding: int | None) -> bytes:
    """A record with the header of two bytes, or that of three and ``padding`` bytes of padding."""
    if padding is None:
        return wire.number(len(message) | 0x8000, 2) + message
    return wire.number(len(message) + padding, 2) + bytes((padding,)) + message + bytes(padding)


def server_hello(
    certificate: bytes, kinds: tuple[int, ...], connection_id: bytes, certificate_type: int = 1
) -> bytes:
    specs = b"".join(wire.number(kind, 3) for kind in kinds)
    lengths = b"".join(wire.number(len(one), 2) for one in (certificate, specs, connection_id))
    head = bytes((4, 0, certificate_type)) + wire.number(2, 2)
    return head + lengths + certificate + specs + connection_id


def answer(received: bytes, cuts: list[int], ending: Ending = Ending.SILENCE) -> Sslv2Answer:
    """The question's result for bytes that arrive in pieces of these lengths."""
    question = Sslv2Question(b"hello")
    said: list[bytes] = []
    question.begin(said.append)
    assert said == [b"hello"]
    at = 0
    for length in [*cuts, len(received)]:
        piece = received[at : at + length]
        at += length
        if piece and (found := question.feed(piece)) is not None:
            return found
    return question.end(ending)


@given(KINDS)
def test_a_client_hello_names_its_cipher_kinds(kinds: tuple[int, ...]) -> None:
    hello = encode_client_hello(kinds, CHALLENGE)
    length, body = int.from_bytes(hello[:2], "big"), hello[2:]
    assert length == len(body) | 0x8000
    assert body[:3] == b"\x01\x00\x02"
    lengths = [int.from_bytes(body[at : at + 2], "big") for at in (3, 5, 7)]
    assert lengths == [3 * len(kinds), 0, 16]
    specs = body[9:-16]
    assert tuple(int.from_bytes(specs[at : at + 3], "big") for at in range(0, len(specs), 3)) == (
        kinds
    )
    assert body[-16:] == CHALLENGE


@given(st.binary(max_size=3000), KINDS, st.binary(max_size=32), PADDING, CUTS)
def test_a_server_hello_is_read_as_written(
    certificate: bytes,
    kinds: tuple[int, ...],
    connection_id: bytes,
    padding: int | None,
    cuts: list[int],
) -> None:
    sent = record(server_hello(certificate, kinds, connection_id), padding)
    assert answer(sent, cuts) == Sslv2ServerHello(
        raw=sent[:4096], version=2, certificate=certificate, cipher_kinds=kinds
    )


def test_a_certificate_of_another_type_is_ignored() -> None:
    found = answer(record(server_hello(b"pgp", (0x010080,), b"", certificate_type=2), None), [])
    assert isinstance(found, Sslv2ServerHello)
    assert found.certificate is None


@given(st.integers(0, 0xFFFF), PADDING, CUTS)
def test_an_error_is_read_as_written(code: int, padding: int | None, cuts: list[int]) -> None:
    sent = record(b"\x00" + wire.number(code, 2), padding)
    found = answer(sent, cuts)
    assert isinstance(found, Sslv2Error)
    assert found.code == code


@given(st.integers(0, 255), st.integers(0x0300, 0x0304), CUTS)
def test_an_alert_of_tls_is_known_without_waiting_for_an_end(
    description: int, version: int, cuts: list[int]
) -> None:
    sent = wire.record(21, bytes((2, description)), version)
    question = Sslv2Question(b"")
    at = 0
    found = None
    for length in [*cuts, len(sent)]:
        piece, at = sent[at : at + length], at + length
        found = found or (question.feed(piece) if piece else None)
    assert isinstance(found, TlsAlert)
    assert found.description == description


@given(st.integers(0, 60), st.integers(0, 60))
def test_a_truncated_answer_proves_nothing(length: int, odd: int) -> None:
    sent = record(server_hello(bytes(40), (0x010080,), bytes(16)), None)
    found = answer(sent[:length], [], Ending.CLOSED)
    assert isinstance(found, NoHello if length < 4 else Malformed)
    longer = record(server_hello(bytes(40), (1, 2), b"") + bytes(odd + 1), None)
    assert isinstance(answer(longer, []), Malformed)


def test_cipher_kinds_with_a_length_not_divisible_by_three_are_malformed() -> None:
    body = bytes((4, 0, 1)) + wire.number(2, 2) + wire.number(0, 2) + wire.number(4, 2) + bytes(6)
    assert isinstance(answer(record(body, None), []), Malformed)


@given(st.binary(max_size=600) | st.binary(max_size=64).map(lambda some: b"\x80" + some), ENDINGS)
@example(b"\x00\x03\xff\x00" + bytes(10), Ending.CLOSED)
@example(b"\x80\x00\x04\x00", Ending.CLOSED)
@example(b"\x00\x00\x00\x00", Ending.CLOSED)
def test_any_bytes_get_an_answer_however_they_are_split(received: bytes, ending: Ending) -> None:
    whole = answer(received, [], ending)
    assert answer(received, [1] * len(received), ending) == whole


def test_a_greeting_in_another_protocol_is_not_sslv2() -> None:
    found = answer(b"HTTP/1.1 400 Bad Request\r\n", [])
    assert found == NotTls(raw=b"HTTP/1.1 400 Bad Request\r\n")
