"""Floods of records, messages and entries end at their limits, and the answer says so."""

from __future__ import annotations

import pytest

from model.protocol_version import ProtocolVersion
from pki.byte_reader import ByteReader, DecodeError
from probe.dialogue.answer import Answer, AnswerReader, Malformed, ServerFlight
from probe.dialogue.sslv2 import Sslv2ServerHello
from probe.tls.dtls import FlightReader
from probe.tls.extensions import decode_extensions
from probe.tls.limits import (
    MAX_ANSWER_LENGTH,
    MAX_AUTHORITIES,
    MAX_CERTIFICATES,
    MAX_CIPHER_KINDS,
    MAX_EXTENSIONS,
    MAX_FRAGMENTS,
    MAX_GAPS,
    MAX_HELLO_REQUESTS,
    MAX_IDLE_RECORDS,
    MAX_RECORDS,
    MAX_WARNINGS,
)
from probe.tls.messages import CertificateMessage, CertificateRequest
from tests.probe.tls import wire

HANDSHAKE, ALERT = 22, 21
HELLO = wire.record(HANDSHAKE, wire.message(2, wire.server_hello()))
DONE = wire.record(HANDSHAKE, wire.message(14, b""))


def read(stream: bytes) -> Answer | None:
    return AnswerReader().feed(stream)


@pytest.mark.parametrize(
    ("unit", "most", "what"),
    [
        (wire.record(HANDSHAKE, b""), MAX_IDLE_RECORDS, "records without content"),
        (wire.record(ALERT, b"\x01\x70"), MAX_WARNINGS, "warning alerts"),
        (wire.record(ALERT, b"\x01"), MAX_WARNINGS, "warning alerts"),
        (
            wire.record(HANDSHAKE, wire.message(0, b"")),
            MAX_HELLO_REQUESTS,
            "too many hello_request",
        ),
    ],
    ids=["empty records", "warnings", "pieces of warnings", "HelloRequests"],
)
@pytest.mark.parametrize("is_after_hello", [False, True])
def test_a_row_of_records_is_read_up_to_its_bound(
    unit: bytes, most: int, what: str, is_after_hello: bool
) -> None:
    first, rest = (HELLO, DONE) if is_after_hello else (b"", HELLO + DONE)
    good = read(first + unit * most + rest)
    assert isinstance(good, ServerFlight)
    assert good.is_complete
    bad = read(first + unit * (most + 1) + rest)
    flaw = bad.flaw if isinstance(bad, ServerFlight) else None
    said = bad.what if isinstance(bad, Malformed) else flaw
    assert what in (said or "")


def test_warnings_in_one_record_are_counted_each() -> None:
    answer = read(wire.record(ALERT, b"\x01\x70" * (MAX_WARNINGS + 1)) + HELLO)
    assert isinstance(answer, Malformed)


def test_the_number_of_records_in_a_connection_is_limited() -> None:
    body = bytes(MAX_RECORDS)
    one_by_one = b"".join(wire.record(HANDSHAKE, bytes([one])) for one in wire.message(11, body))
    assert len(one_by_one) < MAX_ANSWER_LENGTH
    answer = read(HELLO + one_by_one)
    assert isinstance(answer, ServerFlight)
    assert answer.flaw == "stream of too many records"


def test_a_chain_is_cut_one_certificate_after_the_stored_ones() -> None:
    chain = [number.to_bytes(2, "big") for number in range(1000)]
    read_chain = CertificateMessage.decode(wire.certificate(*chain)).chain
    assert read_chain == tuple(chain[:MAX_CERTIFICATES])


@pytest.mark.parametrize(
    ("count", "is_taken"), [(MAX_AUTHORITIES, True), (MAX_AUTHORITIES + 1, False)]
)
def test_the_number_of_authorities_in_a_request_is_limited(count: int, is_taken: bool) -> None:
    body = wire.certificate_request(b"\x01", None, (b"name",) * count)
    if is_taken:
        found = CertificateRequest.decode(body, ProtocolVersion.TLSV1_1)
        assert len(found.certificate_authorities) == count
    else:
        with pytest.raises(DecodeError, match="more than 4096 entries"):
            CertificateRequest.decode(body, ProtocolVersion.TLSV1_1)


def test_the_number_of_extensions_in_a_block_is_limited() -> None:
    def block(count: int) -> ByteReader:
        return ByteReader(wire.extensions(*((one, b"") for one in range(count))), "block")

    assert len(decode_extensions(block(MAX_EXTENSIONS))) == MAX_EXTENSIONS
    with pytest.raises(DecodeError, match="more than 256"):
        decode_extensions(block(MAX_EXTENSIONS + 1))


def test_the_number_of_cipher_kinds_in_an_sslv2_hello_is_limited() -> None:
    kinds = bytes(3 * (MAX_CIPHER_KINDS + 1))
    lengths = b"\0\0" + wire.number(len(kinds), 2) + b"\0\0"
    with pytest.raises(DecodeError):
        Sslv2ServerHello.decode(b"\0\1\0\2" + lengths + kinds, b"")


def fragment(number: int, length: int, at: int, part: bytes, kind: int = 11) -> bytes:
    """RFC 6347, section 4.2.2, in a record of section 4.1."""
    header = wire.number(kind, 1) + wire.number(length, 3) + wire.number(number, 2)
    body = header + wire.number(at, 3) + wire.vector(part, 3)
    return b"\x16\xfe\xfd" + bytes(8) + wire.vector(body, 2)


def test_the_number_of_gaps_in_a_datagram_message_is_limited() -> None:
    reader = FlightReader()
    for at in range(0, 2 * MAX_GAPS, 2):
        reader.feed(fragment(1, 10_000, at, b"x"))
    with pytest.raises(DecodeError, match="too many gaps"):
        reader.feed(fragment(1, 10_000, 2 * MAX_GAPS, b"x"))


def test_the_number_of_fragments_in_a_datagram_flight_is_limited() -> None:
    reader = FlightReader()
    for _ in range(MAX_FRAGMENTS):
        reader.feed(fragment(1, 10, 0, b""))
    with pytest.raises(DecodeError, match="too many fragments"):
        reader.feed(fragment(1, 10, 0, b""))


def test_messages_in_datagrams_together_may_not_claim_more_than_one_may() -> None:
    reader = FlightReader()
    reader.feed(fragment(1, 200_000, 0, b"x"))
    with pytest.raises(DecodeError, match="length"):
        reader.feed(fragment(2, 100_000, 0, b"x"))
