"""Recorded flights of real servers, compared with their servers' truth, and damaged in every way.

tlslite-ng, which shares no code with our codec, reads the same messages for comparison.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st
from tlslite import messages as oracle
from tlslite.utils.codec import Parser
from tlslite.utils.cryptomath import numberToByteArray

from model.certificates.certificate import KeyType
from model.protocol_version import ProtocolVersion
from model.registry import (
    cipher_suite_by_name,
    cipher_suite_name,
    named_group_name,
    signature_scheme_name,
)
from pki.byte_reader import DecodeError
from probe.dialogue.answer import Answer, AnswerReader, Ending, NoHello, RetryRequest, ServerFlight
from probe.tls.hello import ServerHello
from probe.tls.messages import CertificateMessage, CertificateRequest, ServerKeyExchange
from tests.probe.tls import wire
from tests.probe.tls.questions import ASKED_SERVERS, QUESTIONS
from tests.probe.tls.recorded import RecordedAnswer, recorded_answers
from tests.probe.tls.test_records import in_pieces

TLSV1_2, TLSV1_3 = ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3
SERVER_HELLO, SERVER_KEY_EXCHANGE, CERTIFICATE_REQUEST = 2, 12, 13
SIGNED_WITH = {KeyType.RSA: "rsa_", KeyType.ECDSA: "ecdsa_", KeyType.ED25519: "ed25519"}

ANSWERS = recorded_answers()
IN_PLAINTEXT = tuple(one for one in ANSWERS if one.question.version < TLSV1_3)
ANONYMOUS_OR_SIGNED = tuple(one for one in IN_PLAINTEXT if "PSK" not in one.question.cipher_suite)
EACH = pytest.mark.parametrize("recorded", ANSWERS, ids=lambda one: one.question.name)
EACH_IN_PLAINTEXT = pytest.mark.parametrize(
    "recorded", IN_PLAINTEXT, ids=lambda one: one.question.name
)
CUTS = st.lists(st.integers(0, 10_000), max_size=12)


def read(pieces: list[bytes]) -> Answer:
    reader = AnswerReader()
    for piece in pieces:
        answer = reader.feed(piece)
        if answer is not None:
            return answer
    return reader.end(Ending.CLOSED)


def flight_of(recorded: RecordedAnswer) -> ServerFlight:
    answer = read([recorded.raw])
    assert isinstance(answer, ServerFlight)
    assert answer.is_complete
    return answer


def parameters_of(recorded: RecordedAnswer) -> ServerKeyExchange:
    return flight_of(recorded).server_key_exchange or ServerKeyExchange()


def test_every_request_was_recorded() -> None:
    assert {one.question for one in ANSWERS} == set(QUESTIONS)
    assert {one.server for one in QUESTIONS} <= {server.name for server in ASKED_SERVERS}


@EACH
def test_version_and_suite_are_the_only_ones_offered(recorded: RecordedAnswer) -> None:
    answer = read([recorded.raw])
    assert isinstance(answer, ServerFlight | RetryRequest)
    assert answer.hello.version == recorded.question.version
    assert cipher_suite_name(answer.hello.cipher_suite) == recorded.question.cipher_suite


@pytest.mark.parametrize(
    "recorded",
    [one for one in ANSWERS if one.question.version == TLSV1_3],
    ids=lambda one: one.question.name,
)
def test_without_a_share_tls13_retries_and_names_its_group(recorded: RecordedAnswer) -> None:
    answer = read([recorded.raw])
    assert isinstance(answer, ServerFlight | RetryRequest)
    assert isinstance(answer, RetryRequest) != recorded.question.has_key_share
    assert isinstance(answer, RetryRequest) or answer.is_complete
    assert answer.hello.key_share_group is not None
    assert named_group_name(answer.hello.key_share_group) == recorded.question.group


@EACH_IN_PLAINTEXT
def test_the_chain_is_the_one_configured(recorded: RecordedAnswer) -> None:
    sent = flight_of(recorded).certificates or ()
    assert tuple(hashlib.sha256(der).hexdigest() for der in sent) == recorded.chain


@EACH_IN_PLAINTEXT
def test_parameters_are_the_ones_configured(recorded: RecordedAnswer) -> None:
    asked, found = recorded.question, parameters_of(recorded)
    is_ec = "ECDH" in asked.cipher_suite
    group = None if found.named_group is None else named_group_name(found.named_group)
    assert group == (asked.group if is_ec else None)
    assert found.dh_prime_bits == asked.dh_prime_bits
    assert bool(found.public_value) == (is_ec or asked.dh_prime_bits is not None)
    assert (found.psk_identity_hint or b"").decode() == (asked.psk_identity_hint or "")


@EACH_IN_PLAINTEXT
def test_the_scheme_fits_the_key_from_tls12_on(recorded: RecordedAnswer) -> None:
    asked, found = recorded.question, parameters_of(recorded)
    is_signed = asked.key_type is not None and "DHE_" in asked.cipher_suite
    assert (found.signature_scheme is not None) == (is_signed and asked.version == TLSV1_2)
    if found.signature_scheme is not None and asked.key_type is not None:
        name = signature_scheme_name(found.signature_scheme)
        assert name.startswith(SIGNED_WITH[asked.key_type])


@EACH_IN_PLAINTEXT
def test_authorities_are_named_if_a_certificate_is_requested(recorded: RecordedAnswer) -> None:
    request = flight_of(recorded).certificate_request
    assert (request is None) == (recorded.ca_names is None)
    if request is not None and recorded.ca_names is not None:
        expected = [x509.Name.from_rfc4514_string(name) for name in recorded.ca_names]
        assert request.certificate_authorities == tuple(name.public_bytes() for name in expected)
        assert bool(request.signature_algorithms) == (recorded.question.version == TLSV1_2)
        assert request.certificate_types


@EACH
def test_another_implementation_reads_the_same_hello(recorded: RecordedAnswer) -> None:
    kind, body = recorded.messages[0]
    assert kind == SERVER_HELLO
    ours = ServerHello.decode(body)
    theirs = oracle.ServerHello().parse(Parser(bytearray(wire.vector(body, 3))))
    assert (ours.random, ours.session_id) == (bytes(theirs.random), bytes(theirs.session_id))
    assert ours.cipher_suite == theirs.cipher_suite
    assert [one.code_point for one in ours.extensions] == [
        one.extType for one in theirs.extensions or ()
    ]


@pytest.mark.parametrize("recorded", ANONYMOUS_OR_SIGNED, ids=lambda one: one.question.name)
def test_another_implementation_reads_the_same_parameters(recorded: RecordedAnswer) -> None:
    ours = parameters_of(recorded)
    for kind, body in recorded.messages:
        if kind == SERVER_KEY_EXCHANGE:
            theirs = oracle.ServerKeyExchange(
                flight_of(recorded).hello.cipher_suite, divmod(recorded.question.version, 256)
            ).parse(Parser(bytearray(wire.vector(body, 3))))
            assert int.from_bytes(ours.dh_prime or b"", "big") == theirs.dh_p
            assert (ours.named_group or 0) == (theirs.named_curve or 0)
            public = theirs.ecdh_Ys or numberToByteArray(
                theirs.dh_Ys, len(ours.public_value or b"")
            )
            assert ours.public_value == bytes(public)
            assert (ours.signature_scheme or 0) == theirs.hashAlg * 256 + theirs.signAlg


@pytest.mark.parametrize(
    "recorded", [one for one in ANSWERS if one.ca_names], ids=lambda one: one.question.name
)
def test_another_implementation_reads_the_same_request(recorded: RecordedAnswer) -> None:
    ours = flight_of(recorded).certificate_request
    assert ours is not None
    body = dict(recorded.messages)[CERTIFICATE_REQUEST]
    theirs = oracle.CertificateRequest(divmod(recorded.question.version, 256)).parse(
        Parser(bytearray(wire.vector(body, 3)))
    )
    assert ours.certificate_types == tuple(theirs.certificate_types)
    assert ours.certificate_authorities == tuple(
        bytes(name) for name in theirs.certificate_authorities
    )
    assert ours.signature_algorithms == tuple(
        hash_ * 256 + signature for hash_, signature in theirs.supported_signature_algs or ()
    )


@EACH
def test_the_answer_is_complete_at_its_last_byte_and_not_before(recorded: RecordedAnswer) -> None:
    reader, hello = AnswerReader(), read([recorded.raw])
    for at in range(len(recorded.raw) - 1):
        assert reader.feed(recorded.raw[at : at + 1]) is None
        so_far = reader.end(Ending.SILENCE)
        match so_far:
            case NoHello():
                assert not reader.has_hello
            case ServerFlight():
                assert isinstance(hello, ServerFlight)
                assert (so_far.hello, so_far.is_complete) == (hello.hello, False)
            case _:
                pytest.fail(f"{so_far} after {at} bytes")
    assert reader.feed(recorded.raw[-1:]) == hello


@given(st.sampled_from(ANSWERS), CUTS, CUTS)
def test_neither_records_nor_pieces_make_a_difference(
    recorded: RecordedAnswer, record_cuts: list[int], cuts: list[int]
) -> None:
    handshake = b"".join(wire.message(kind, body) for kind, body in recorded.messages)
    stream = b"".join(wire.record(22, fragment) for fragment in in_pieces(handshake, record_cuts))
    assert read(in_pieces(stream, cuts)) == read([recorded.raw])


@given(st.sampled_from(ANSWERS), CUTS, st.data())
def test_a_corrupted_flight_has_an_answer_and_the_same_in_any_pieces(
    recorded: RecordedAnswer, cuts: list[int], data: st.DataObject
) -> None:
    stream = corrupted(recorded.raw, data)
    whole, pieced = read([stream]), read(in_pieces(stream, cuts))
    assert type(whole) is type(pieced)
    if isinstance(whole, ServerFlight | RetryRequest):
        assert whole == pieced


@given(st.sampled_from(ANSWERS), st.data())
def test_a_corrupted_message_is_a_value_or_our_error(
    recorded: RecordedAnswer, data: st.DataObject
) -> None:
    kind, body = data.draw(st.sampled_from([one for one in recorded.messages if one[1]]))
    with suppress(DecodeError):
        decode(kind, corrupted(body, data), recorded)


def decode(kind: int, body: bytes, recorded: RecordedAnswer) -> object:
    suite = cipher_suite_by_name(recorded.question.cipher_suite)
    version = recorded.question.version
    assert suite is not None
    match kind:
        case 2:
            return ServerHello.decode(body)
        case 11:
            return CertificateMessage.decode(body)
        case 12:
            return ServerKeyExchange.decode(body, version, suite.key_exchange, suite.authentication)
        case 13:
            return CertificateRequest.decode(body, version)
    raise AssertionError(f"handshake message {kind} has a body of {len(body)} bytes")


def corrupted(content: bytes, data: st.DataObject) -> bytes:
    """``content`` with bits flipped, lengths changed, and parts removed, doubled or inserted."""
    found = bytearray(content)
    for _ in range(data.draw(st.integers(1, 5))):
        place = data.draw(st.integers(0, max(0, len(found) - 1)))
        match data.draw(st.sampled_from(["flip", "number", "cut", "end", "double", "insert"])):
            case "flip" if found:
                found[place] ^= 1 << data.draw(st.integers(0, 7))
            case "number":
                width = data.draw(st.integers(1, 3))
                number = data.draw(st.integers(0, 256**width - 1))
                found[place : place + width] = number.to_bytes(width, "big")
            case "cut":
                del found[place : place + data.draw(st.integers(1, 40))]
            case "end":
                del found[place:]
            case "double":
                found[place:place] = found[place : place + 40]
            case _:
                found[place:place] = data.draw(st.binary(max_size=20))
    return bytes(found)
