"""A server with arbitrary encrypted messages: RFC 9846's order, and RFC 8879's compressed certificates once."""

from __future__ import annotations

import zlib
from functools import partial

import pytest

from model.protocol_version import ProtocolVersion
from pki.byte_reader import DecodeError
from probe.crypto.tls13_flight import Tls13Flight, Tls13FlightReader
from probe.crypto.tls13_keys import KeyShareSecret
from probe.dialogue.answer import Ending
from probe.dialogue.offer import Shape, offer
from probe.tls.encrypted_messages import CompressedCertificate
from probe.tls.limits import MAX_CERTIFICATES, MAX_UNCOMPRESSED_LENGTH
from tests.probe.crypto.sealing import SealedFlight
from tests.probe.growth.measuring import lines_of
from tests.probe.programmable import wire

X25519, AES_128_GCM, NONCE = 0x001D, 0x1301, bytes(64)
EXTENSIONS = wire.handshake(8, b"\0\0")
REQUEST = wire.handshake(13, b"\0\0\0")
VERIFY = wire.handshake(15, b"\x04\x03\0\x01x")


def entries(*chain: bytes) -> bytes:
    """The body of TLS 1.3's Certificate (RFC 9846, section 4.4.2)."""
    return b"\0" + wire.vector(3, b"".join(wire.vector(3, der) + b"\0\0" for der in chain))


def compressed(body: bytes, claimed: int | None = None) -> bytes:
    """The body of CompressedCertificate by zlib (RFC 8879, section 4)."""
    length = len(body) if claimed is None else claimed
    return b"\0\x01" + length.to_bytes(3, "big") + wire.vector(3, zlib.compress(body, 9))


CERTIFICATE = wire.handshake(11, entries(b"leaf"))
COMPRESSED = wire.handshake(25, compressed(entries(b"leaf")))
IN_ORDER = (EXTENSIONS, REQUEST, CERTIFICATE, VERIFY)


def prepared(messages: bytes) -> tuple[Tls13FlightReader, bytes]:
    """A reader that has sent its hello, and the stream of a server that answers with these messages."""
    asked = offer(ProtocolVersion.TLSV1_3, (AES_128_GCM,), Shape(server_name="x.example"))
    reader = Tls13FlightReader(asked, KeyShareSecret(X25519, NONCE), NONCE)
    said: list[bytes] = []
    reader.begin(said.append)
    server = KeyShareSecret(X25519, b"server")
    hello = wire.server_hello_tls13(AES_128_GCM, X25519, server.public, session_id=NONCE[:32])
    shared = server.shared_with(KeyShareSecret(X25519, NONCE).public)
    sealed = SealedFlight(shared, said[0][5:], hello)
    return reader, wire.records(wire.TLSV1_2, hello) + sealed.records(messages)


def read(*messages: bytes) -> Tls13Flight:
    reader, stream = prepared(b"".join(messages))
    flight = reader.feed(stream)
    return flight if flight is not None else reader.end(Ending.CLOSED)


@pytest.mark.parametrize("certificate", [CERTIFICATE, COMPRESSED], ids=["plain", "compressed"])
@pytest.mark.parametrize("request_or_none", [REQUEST, b""], ids=["request", "no request"])
def test_a_flight_in_order_is_whole(certificate: bytes, request_or_none: bytes) -> None:
    flight = read(EXTENSIONS, request_or_none, certificate, VERIFY)
    assert (flight.is_whole, flight.flaw) == (True, None)
    assert [one.der for one in flight.certificates or ()] == [b"leaf"]


@pytest.mark.parametrize(
    ("messages", "flaw"),
    [
        ((EXTENSIONS, EXTENSIONS), "second encrypted_extensions"),
        ((EXTENSIONS, REQUEST, REQUEST), "second certificate_request"),
        ((EXTENSIONS, CERTIFICATE, CERTIFICATE), "second certificate"),
        ((EXTENSIONS, COMPRESSED, COMPRESSED), "second compressed_certificate"),
        ((EXTENSIONS, COMPRESSED, CERTIFICATE), "second certificate"),
        ((EXTENSIONS, CERTIFICATE, REQUEST), "late certificate_request"),
        ((CERTIFICATE, EXTENSIONS), "late encrypted_extensions"),
        ((EXTENSIONS, wire.handshake(12, b"")), "unexpected server_key_exchange"),
        ((EXTENSIONS, wire.handshake(2, b"")), "unexpected server_hello"),
    ],
)
def test_a_message_out_of_order_ends_the_flight_and_is_named(
    messages: tuple[bytes, ...], flaw: str
) -> None:
    flight = read(*messages, CERTIFICATE, VERIFY)
    assert not flight.is_whole
    assert flight.flaw == f"handshake order: {flaw}"


def test_a_compressed_chain_is_decompressed_once_however_often_it_is_received() -> None:
    bomb = wire.handshake(25, compressed(entries(*[b"x"] * 40_000)))
    runs = []
    for count in (1, 800):
        reader, stream = prepared(EXTENSIONS + bomb * count)
        runs.append(partial(reader.feed, stream))
    once, often = map(lines_of, runs)
    assert often < 2 * once


def test_a_compressed_chain_of_thousands_is_cut() -> None:
    message = CompressedCertificate.decode(compressed(entries(*[b"x"] * 40_000)))
    found = message.certificate()
    assert found is not None
    assert len(found) == MAX_CERTIFICATES


def test_entries_without_a_certificate_are_refused() -> None:
    """``opaque cert_data<1..2^24-1>`` (RFC 9846, section 4.4.2)."""
    with pytest.raises(DecodeError):
        CompressedCertificate.decode(compressed(entries(*[b""] * 52_000))).certificate()


@pytest.mark.parametrize("claimed", [0, 12, 14, MAX_UNCOMPRESSED_LENGTH])
def test_data_that_decompresses_to_another_length_than_declared_is_refused(claimed: int) -> None:
    """RFC 8879, section 4: a mismatch is a bad_certificate."""
    body = entries(b"leaf")
    assert len(body) == 13
    with pytest.raises(DecodeError, match="declared length"):
        CompressedCertificate.decode(compressed(body, claimed)).certificate()


def test_a_record_that_cannot_be_decrypted_is_named() -> None:
    reader, stream = prepared(EXTENSIONS)
    flight = reader.feed(stream[:-1] + bytes((stream[-1] ^ 1,)))
    assert flight is not None
    assert flight.flaw == "record that cannot be decrypted"
