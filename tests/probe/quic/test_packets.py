"""Packet protection, against the samples of RFC 9001 and RFC 9369; codecs of packets, frames and streams."""

from __future__ import annotations

import random
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki.byte_reader import ByteReader, DecodeError
from probe.crypto.quic_keys import PacketKeys, initial_keys, is_genuine_retry, sealed_initial
from probe.quic.crypto_stream import CryptoStream
from probe.quic.frames import ack_frame, close_frame, crypto_frame, decode_frames
from probe.quic.packet import (
    VERSION_1,
    VERSION_2,
    PacketType,
    number,
    packets_in,
    read_number,
    retry_token,
)
from probe.tls.limits import MAX_CRYPTO_FRAMES, MAX_GAPS

DESTINATION = bytes.fromhex("8394c8f03e515708")
SERVER_INITIALS = {
    VERSION_1: (
        "cf000000010008f067a5502a4262b5004075c0d95a482cd0991cd25b0aac406a5816b6394100f37a1c69797554780bb3"
        "8cc5a99f5ede4cf73c3ec2493a1839b3dbcba3f6ea46c5b7684df3548e7ddeb9c3bf9c73cc3f3bded74b562bfb19fb84"
        "022f8ef4cdd93795d77d06edbb7aaf2f58891850abbdca3d20398c276456cbc42158407dd074ee"
    ),
    VERSION_2: (
        "dc6b3343cf0008f067a5502a4262b5004075d92faaf16f05d8a4398c47089698baeea26b91eb761d9b89237bbf872630"
        "17915358230035f7fd3945d88965cf17f9af6e16886c61bfc703106fbaf3cb4cfa52382dd16a393e42757507698075b2"
        "c984c707f0a0812d8cd5a6881eaf21ceda98f4bd23f6fe1a3e2c43edd9ce7ca84bed8521e2e140"
    ),
}
FRAMES = bytes.fromhex(
    "02000000000600405a020000560303eefce7f7b37ba1d1632e96677825ddf73988cfc79825df566dc5430b9a045a1200"
    "130100002e00330024001d00209d3c940d89690b84d08a60993c144eca684d1081287c834d5311bcf32bb9da1a002b00"
    "020304"
)
RETRIES = {
    VERSION_1: "ff000000010008f067a5502a4262b5746f6b656e04a265ba2eff4d829058fb3f0f2496ba",
    VERSION_2: "cf6b3343cf0008f067a5502a4262b5746f6b656ec8646ce8bfe33952d955543665dcc7b6",
}
each_version = pytest.mark.parametrize("version", [VERSION_1, VERSION_2])


@each_version
def test_the_server_initial_of_the_rfc_is_opened(version: int) -> None:
    """Appendix A.3 of both."""
    (packet,) = packets_in(bytes.fromhex(SERVER_INITIALS[version]))
    assert packet.kind is PacketType.INITIAL
    assert initial_keys(version, DESTINATION).server.open(packet) == (1, FRAMES)


@each_version
def test_the_retry_of_the_rfc_is_genuine_for_its_connection_only(version: int) -> None:
    """Appendix A.4 of both."""
    (packet,) = packets_in(bytes.fromhex(RETRIES[version]))
    assert packet.kind is PacketType.RETRY
    assert retry_token(packet) == b"token"
    assert is_genuine_retry(packet, DESTINATION)
    assert not is_genuine_retry(packet, DESTINATION[::-1])


@given(st.sampled_from([VERSION_1, VERSION_2]), st.binary(max_size=1300), st.binary(max_size=64))
def test_a_sealed_initial_is_opened_again(version: int, frames: bytes, token: bytes) -> None:
    keys = initial_keys(version, DESTINATION).client
    datagram = sealed_initial(keys, version, (DESTINATION, b"source"), token, 7, frames)
    (packet,) = packets_in(datagram)
    at, opened = initial_keys(version, DESTINATION).client.open(packet)
    assert (at, opened.rstrip(b"\0"), packet.token) == (7, frames.rstrip(b"\0"), token)
    assert len(datagram) >= 1200


def test_chacha20_protects_headers_too() -> None:
    """TLS_CHACHA20_POLY1305_SHA256 with the secret and key of RFC 9001, appendix A.5: the mask of its sample."""
    secret = bytes.fromhex("9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b")
    mask = PacketKeys(VERSION_1, 0x1303, secret)._mask
    assert mask(bytes.fromhex("5e5cd55c41f69080575d7999c25a5bfb")).hex() == "aefefe7d03"


@given(st.integers(0, 2**62 - 1))
def test_numbers_of_variable_length_are_read_as_written(value: int) -> None:
    assert read_number(ByteReader(number(value), "number")) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_packets_and_frames_or_a_decode_error(some: bytes) -> None:
    assert sum(len(one.header) + len(one.payload) for one in packets_in(some)) <= len(some)
    with suppress(DecodeError):
        decode_frames(some)


def test_frames_that_a_handshake_may_not_have_are_refused() -> None:
    for content in (b"\x08", b"\x02\0\0\x41\x01\0", b"\x06\0\x05abc"):
        with pytest.raises(DecodeError):
            decode_frames(content)
    assert decode_frames(ack_frame(frozenset({3, 4, 9})) + close_frame()).closed == 0


@given(st.binary(min_size=1, max_size=300), st.lists(st.integers(0, 300), max_size=8), st.randoms())
def test_crypto_frames_in_any_order_give_the_same_bytes(
    content: bytes, cuts: list[int], order: random.Random
) -> None:
    places = sorted({0, len(content), *(cut % len(content) for cut in cuts)})
    pieces = list(pairwise(places))
    pieces += [(max(0, start - 2), end) for start, end in pieces]
    order.shuffle(pieces)
    stream = CryptoStream()
    assert b"".join(stream.take(start, content[start:end]) for start, end in pieces) == content


def test_a_crypto_stream_is_bounded() -> None:
    gaps, frames = CryptoStream(), CryptoStream()
    for at in range(MAX_GAPS):
        gaps.take(1 + 2 * at, b"x")
    with pytest.raises(DecodeError):
        gaps.take(1 + 2 * MAX_GAPS, b"x")
    for _ in range(MAX_CRYPTO_FRAMES):
        frames.take(0, b"x")
    with pytest.raises(DecodeError):
        frames.take(0, b"x")
    with pytest.raises(DecodeError):
        CryptoStream().take(2**40, b"x")
    assert decode_frames(crypto_frame(0, b"x")).crypto == ((0, b"x"),)
