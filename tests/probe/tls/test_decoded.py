"""Proofs as lines for a person: every byte may be hostile, and a known hello reads correctly."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from model.protocol_version import ProtocolVersion
from probe.dialogue.offer import Shape, offer
from probe.tls.decoded import decoded, hex_dump
from tests.probe.programmable import wire

HELLO = offer(
    ProtocolVersion.TLSV1_3, (0x1301, 0xC02F), Shape(server_name="zoo.test"), (0x001D,)
).encode(bytes(64))


def test_a_client_hello_names_what_it_offers() -> None:
    text = "\n".join(decoded(HELLO))
    for word in (
        "record handshake TLSv1.0",
        "client_hello",
        "0x1301 TLS_AES_128_GCM_SHA256",
        "0xC02F TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "zoo.test",
        "x25519",
    ):
        assert word in text


def test_a_server_hello_by_itself_and_an_alert_by_itself_are_read() -> None:
    hello = wire.server_hello(wire.TLSV1_2, 0xC02F, extensions=[(0xFF01, b"\0")])
    assert "  cipher_suite 0xC02F TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256" in decoded(hello)
    assert decoded(bytes((2, 40))) == ["alert fatal handshake_failure"]
    retry = wire.hello_retry_request(0x1301, 0x001D, session_id=b"")
    assert "  a HelloRetryRequest, by its random" in decoded(retry)


def test_several_records_are_shown_separately() -> None:
    lines = decoded(wire.alert(wire.FATAL, wire.HANDSHAKE_FAILURE) + b"\x16\x03")
    assert lines == [
        "record alert TLSv1.2, 2 bytes",
        "  alert fatal handshake_failure",
        "the beginning of a record",
    ]


@given(raw=st.binary(max_size=400))
def test_any_bytes_give_lines(raw: bytes) -> None:
    assert all(isinstance(line, str) for line in [*decoded(raw), *hex_dump(raw)])


@given(at=st.integers(0, len(HELLO) - 1), byte=st.integers(0, 255), cut=st.integers(0, len(HELLO)))
def test_a_corrupted_or_truncated_hello_gives_lines(at: int, byte: int, cut: int) -> None:
    corrupted = HELLO[:at] + bytes((byte,)) + HELLO[at + 1 :]
    assert decoded(corrupted[:cut]) is not None


def test_a_long_proof_is_cut_with_a_note() -> None:
    assert hex_dump(bytes(40), most=16)[-1] == "and 24 more bytes"


def test_an_answer_of_another_protocol_is_text() -> None:
    assert decoded(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n<html>\xff") == [
        "HTTP/1.1 400 Bad Request",
        "Server: x",
        "",
        "<html>\ufffd",
    ]
    assert decoded(b"220 mail ESMTP\r\n") == ["220 mail ESMTP"]
