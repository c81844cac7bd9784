"""DTLS is TLS over datagrams: any split, order and repetition of its datagrams yields the same answer."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.protocol_version import ProtocolVersion
from pki.byte_reader import ByteReader, DecodeError, vector
from probe.dialogue.answer import Answer, Ending, Malformed, NoHello, NotTls, ServerFlight, TlsAlert
from probe.dialogue.dtls_question import DtlsQuestion
from probe.dialogue.offer import Shape, offer
from probe.tls.dtls import FlightReader, client_hello, datagrams_in, encode_datagram, tls_message
from probe.tls.hello import ClientHello
from probe.tls.record import ContentType, HandshakeType

NONCE = bytes(range(64))
OFFER = offer(ProtocolVersion.TLSV1_2, (0xC02F, 0x009C), Shape(server_name="a.example"))
HELLO = OFFER.encode(NONCE)
DTLS_1_2 = ProtocolVersion.DTLSV1_2.to_bytes(2, "big")

SERVER_HELLO = DTLS_1_2 + bytes(32) + vector(b"", 1) + b"\xc0\x2f" + b"\x00"
CERTIFICATE = vector(vector(b"leaf" * 30, 3) + vector(b"issuer" * 20, 3), 3)
DONE = b""
FLIGHT = (
    (HandshakeType.SERVER_HELLO, SERVER_HELLO),
    (HandshakeType.CERTIFICATE, CERTIFICATE),
    (HandshakeType.SERVER_HELLO_DONE, DONE),
)


def fragment(message_type: int, body: bytes, number: int, start: int, end: int) -> bytes:
    return (
        bytes((message_type,))
        + len(body).to_bytes(3, "big")
        + number.to_bytes(2, "big")
        + start.to_bytes(3, "big")
        + vector(body[start:end], 3)
    )


def whole(message_type: int, body: bytes, number: int) -> bytes:
    return fragment(message_type, body, number, 0, len(body))


def packet(*fragments: bytes, sequence: int = 0) -> bytes:
    return encode_datagram(ContentType.HANDSHAKE, b"".join(fragments), sequence)


def verify_request(cookie: bytes, number: int = 0) -> bytes:
    return packet(whole(3, b"\xfe\xff" + vector(cookie, 1), number))


def asked(packets: Sequence[bytes]) -> tuple[Answer | None, list[bytes]]:
    """The answer to a question that receives ``packets``, and what it sent."""
    question = DtlsQuestion(HELLO)
    said: list[bytes] = []
    question.begin(said.append)
    for received in packets:
        answer = question.feed(received)
        if answer is not None:
            return answer, said
    return None, said


@st.composite
def cut_flights(draw: st.DrawFn) -> list[bytes]:
    """The flight in overlapping fragments, in any order, some of them twice."""
    first = draw(st.integers(0, 3))
    fragments = []
    for number, (message_type, body) in enumerate(FLIGHT, first):
        cuts = sorted(draw(st.sets(st.integers(0, len(body)), max_size=4)) | {0, len(body)})
        for start, end in zip(cuts, cuts[1:] or cuts, strict=False):
            earlier = draw(st.integers(0, start))
            fragments.append(fragment(message_type, body, number, earlier, end))
    repeated = draw(st.lists(st.sampled_from(fragments), max_size=3))
    return draw(st.permutations([*fragments, *repeated]))


@given(cut_flights(), st.booleans())
def test_any_split_and_order_gives_the_flight(fragments: list[bytes], in_one_packet: bool) -> None:
    packets = [packet(*fragments)] if in_one_packet else [packet(one) for one in fragments]
    answer, _ = asked(packets)
    assert isinstance(answer, ServerFlight)
    assert answer.is_complete
    assert answer.certificates == (b"leaf" * 30, b"issuer" * 20)
    assert answer.hello.version == ProtocolVersion.TLSV1_2
    assert tls_message(answer.raw)[4:6] == ProtocolVersion.TLSV1_2.to_bytes(2, "big")


def test_the_proof_is_what_was_sent() -> None:
    answer, _ = asked([packet(*(whole(kind, body, n) for n, (kind, body) in enumerate(FLIGHT)))])
    assert answer is not None
    assert answer.raw == whole(HandshakeType.SERVER_HELLO, SERVER_HELLO, 0)


def test_our_dtls_hello_equals_the_tls_hello_except_version_and_cookie() -> None:
    (datagram,) = datagrams_in(client_hello(HELLO, b"crumbs", sequence=1))
    reader = ByteReader(datagram.fragment, "ClientHello")
    assert reader.uint(1) == HandshakeType.CLIENT_HELLO
    assert reader.uint(3) == reader.remaining - 8
    assert (reader.uint(2), reader.uint(3)) == (1, 0)
    body = reader.vector(3)
    reader.finish()
    before_cookie = 2 + 32 + 1 + 32
    assert body[:2] == DTLS_1_2
    assert body[before_cookie : before_cookie + 7] == vector(b"crumbs", 1)
    stripped = b"\x03\x03" + body[2:before_cookie] + body[before_cookie + 7 :]
    assert ClientHello.decode(stripped) == ClientHello.decode(HELLO[9:])


def test_a_version_that_dtls_does_not_have_is_refused() -> None:
    tls_1_0 = offer(ProtocolVersion.TLSV1_0, (0x002F,), Shape(server_name=None)).encode(NONCE)
    with pytest.raises(ValueError, match="0x0301"):
        client_hello(tls_1_0)


def test_a_cookie_that_is_received_twice_is_returned_once() -> None:
    answer, said = asked([verify_request(b"crumbs"), verify_request(b"crumbs")])
    assert answer is None
    assert said == [client_hello(HELLO), client_hello(HELLO, b"crumbs", sequence=1)]


def test_a_server_that_requests_endless_cookies_is_abandoned() -> None:
    answer, said = asked([verify_request(bytes((n,))) for n in range(9)])
    assert isinstance(answer, Malformed)
    assert len(said) == 3


def test_an_alert_is_an_answer() -> None:
    answer, _ = asked([encode_datagram(ContentType.ALERT, b"\x02\x46", 0)])
    assert isinstance(answer, TlsAlert)
    assert answer.name == "protocol_version"


def test_encrypted_records_are_not_read() -> None:
    later_epoch = bytearray(encode_datagram(ContentType.ALERT, b"\x02\x46", 0))
    later_epoch[4] = 1
    answer, _ = asked([bytes(later_epoch)])
    assert answer is None


def test_datagrams_that_are_not_dtls_are_not_tls() -> None:
    answer, _ = asked([b"\x00\x01\x02 some other protocol"])
    assert isinstance(answer, NotTls)


def test_garbage_after_dtls_is_not_a_refusal() -> None:
    answer, _ = asked([verify_request(b"crumbs"), b"nonsense"])
    assert isinstance(answer, Malformed)


def test_silence_is_reported_as_silence() -> None:
    question = DtlsQuestion(HELLO)
    question.begin(lambda _: None)
    question.feed(packet(whole(HandshakeType.SERVER_HELLO, SERVER_HELLO, 0)[:-3]) + b"")
    answer = DtlsQuestion(HELLO).end(Ending.SILENCE)
    assert isinstance(answer, NoHello)
    assert answer.ending is Ending.SILENCE


def test_messages_may_not_claim_more_than_any_flight_has() -> None:
    too_long = bytes((2,)) + b"\xff\xff\xff" + bytes(2) + bytes(3) + vector(b"", 3)
    with pytest.raises(DecodeError):
        FlightReader().feed(packet(too_long))
    many = [whole(HandshakeType.CERTIFICATE, b"", number) for number in range(99)]
    with pytest.raises(DecodeError):
        FlightReader().feed(packet(*many))


@given(st.lists(st.binary(max_size=80), max_size=6))
def test_no_bytes_make_a_check_raise(packets: list[bytes]) -> None:
    answer, _ = asked(packets)
    if answer is None:
        question = DtlsQuestion(HELLO)
        question.begin(lambda _: None)
        for received in packets:
            question.feed(received)
        question.end(Ending.SILENCE)


@given(st.data())
def test_no_damage_to_a_flight_makes_a_check_raise(data: st.DataObject) -> None:
    sent = packet(*(whole(kind, body, n) for n, (kind, body) in enumerate(FLIGHT)))
    damaged = bytearray(sent)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    asked([bytes(damaged)[: data.draw(st.integers(0, len(sent)))], sent])
