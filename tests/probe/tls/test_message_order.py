"""Each handshake message at most once and in the order of RFC 5246, section 7.3, and RFC 9846, section 4."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki.byte_reader import DecodeError
from probe.dialogue.answer import Answer, AnswerReader, Ending, Malformed, ServerFlight
from probe.dialogue.exchange import in_words
from probe.dialogue.session_reader import SessionInPlaintext
from probe.tls.message_order import TLS13_ENCRYPTED, UP_TO_TLS12, MessageOrder
from tests.probe.tls import wire

HANDSHAKE, ALERT, CHANGE_CIPHER_SPEC, DATA = 22, 21, 20, 23
HELLO, TICKET = wire.message(2, wire.server_hello(session_id=b"id")), wire.message(4, bytes(6))
CERTIFICATE = wire.message(11, wire.certificate(b"leaf"))
STATUS = wire.message(22, b"\x01" + wire.vector(b"response", 3))
EXCHANGE = wire.message(12, wire.ecdhe(29, b"point", wire.signature(0x0804)))
REQUEST = wire.message(13, wire.certificate_request(b"\x01", (0x0804,), (b"name",)))
DONE, HELLO_REQUEST = wire.message(14, b""), wire.message(0, b"")
IN_ORDER = (CERTIFICATE, STATUS, EXCHANGE, REQUEST)
NAMES = ("certificate", "certificate_status", "server_key_exchange", "certificate_request")


def read(*messages: bytes) -> Answer:
    reader = AnswerReader()
    answer = reader.feed(wire.record(HANDSHAKE, b"".join(messages)))
    return answer if answer is not None else reader.end(Ending.CLOSED)


@given(st.sets(st.integers(0, 3)), st.integers(0, 5))
def test_any_of_the_messages_may_be_left_out(present: set[int], at: int) -> None:
    flight = [HELLO, *(IN_ORDER[one] for one in sorted(present)), DONE]
    answer = read(*flight[:at], HELLO_REQUEST, *flight[at:])
    assert isinstance(answer, ServerFlight)
    assert (answer.is_complete, answer.flaw) == (True, None)


@pytest.mark.parametrize("number", range(4), ids=NAMES)
def test_a_second_message_ends_the_flight_and_keeps_the_first(number: int) -> None:
    answer = read(HELLO, *IN_ORDER[: number + 1], IN_ORDER[number], DONE)
    assert isinstance(answer, ServerFlight)
    assert (answer.is_complete, answer.certificates) == (False, (b"leaf",))
    assert answer.flaw == f"handshake order: second {NAMES[number]}"
    assert "second" in in_words(answer)


@pytest.mark.parametrize("number", range(3), ids=NAMES[:3])
def test_a_message_out_of_order_ends_the_flight(number: int) -> None:
    answer = read(HELLO, IN_ORDER[number + 1], IN_ORDER[number], DONE)
    assert isinstance(answer, ServerFlight)
    assert (answer.is_complete, answer.flaw) == (False, f"handshake order: late {NAMES[number]}")


@pytest.mark.parametrize("kind", [1, 2, 8, 15, 16, 20, 25, 99])
def test_an_unexpected_message_ends_a_flight(kind: int) -> None:
    answer = read(HELLO, CERTIFICATE, wire.message(kind, b""), DONE)
    assert isinstance(answer, ServerFlight)
    assert not answer.is_complete
    assert (answer.flaw or "").startswith("handshake order: ")


@pytest.mark.parametrize("first", [CERTIFICATE, DONE, TICKET, wire.message(99, b"")])
def test_a_handshake_begins_with_the_hello(first: bytes) -> None:
    assert isinstance(read(first, HELLO, DONE), Malformed)


@pytest.mark.parametrize("kind", [DATA, 24])
def test_no_other_record_is_accepted_in_a_handshake(kind: int) -> None:
    reader = AnswerReader()
    answer = reader.feed(wire.record(HANDSHAKE, HELLO) + wire.record(kind, b"x"))
    assert isinstance(answer, ServerFlight)
    assert "record in a handshake" in (answer.flaw or "")


def test_no_cipher_changes_before_the_hello() -> None:
    assert isinstance(AnswerReader().feed(wire.record(CHANGE_CIPHER_SPEC, b"\x01")), Malformed)


def test_a_resumed_session_may_send_a_ticket_before_the_cipher_changes() -> None:
    """RFC 5077, section 3.3, figure 2."""
    reader = AnswerReader()
    stream = wire.record(HANDSHAKE, HELLO + TICKET) + wire.record(CHANGE_CIPHER_SPEC, b"\x01")
    answer = reader.feed(stream)
    assert isinstance(answer, ServerFlight)
    assert answer.flaw is None


def test_a_second_hello_does_not_change_the_session() -> None:
    session = SessionInPlaintext()
    other = wire.message(2, wire.server_hello(session_id=b"other"))
    session.feed(wire.record(HANDSHAKE, HELLO + other + TICKET))
    assert (session.session_id, session.ticket) == (b"id", None)


@pytest.mark.parametrize("places", [UP_TO_TLS12, TLS13_ENCRYPTED], ids=["TLS 1.2", "TLS 1.3"])
@given(data=st.data())
def test_only_ascending_positions_pass(places: dict[int, int], data: st.DataObject) -> None:
    """Any sequence of messages passes up to the first one that is out of order."""
    row = data.draw(st.lists(st.sampled_from(sorted(places)), max_size=6))
    order, passed = MessageOrder(places), []
    try:
        for kind in row:
            order.check(kind)
            passed.append(places[kind])
    except DecodeError:
        assert places[row[len(passed)]] <= passed[-1]
    assert passed == sorted(set(passed))
