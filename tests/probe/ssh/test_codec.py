"""The SSH codec reads what RFC 4251 and RFC 4253 define, in pieces of any size, and refuses everything else."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki.byte_reader import DecodeError
from probe.ssh.host_key import NO_END, decode_host_key
from probe.ssh.limits import MAX_PACKETS, MAX_PREFACE_LENGTH, MAX_PREFACE_LINES
from probe.ssh.messages import (
    LISTS,
    Disconnect,
    decode_disconnect,
    decode_kex_reply,
    decode_kexinit,
    encode_disconnect,
    encode_kexinit,
    mpint,
    string,
)
from probe.ssh.stream import SshStream, packet_of

NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-@.", min_size=1, max_size=64)
LIST = st.lists(NAMES, max_size=8).map(tuple)
IDENTIFICATION = b"SSH-2.0-test_1.0 a comment\r\n"


def read(stream: SshStream, *pieces: bytes) -> list[bytes]:
    return [payload for piece in pieces for payload in stream.feed(piece)]


@pytest.mark.parametrize(
    ("number", "encoded"),
    [
        (0, "00000000"),
        (0x9A378F9B2E332A7, "0000000809a378f9b2e332a7"),
        (0x80, "000000020080"),
    ],
)
def test_numbers_are_encoded_as_in_the_examples_of_rfc_4251(number: int, encoded: str) -> None:
    assert mpint(number) == bytes.fromhex(encoded)


@given(st.binary(min_size=16, max_size=16), st.tuples(*[LIST] * len(LISTS)))
def test_kexinit_is_read_as_it_was_written(
    cookie: bytes, lists: tuple[tuple[str, ...], ...]
) -> None:
    found = decode_kexinit(encode_kexinit(cookie, lists))
    assert found.lists == lists
    assert not found.first_packet_follows


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=4), st.data())
def test_packets_are_read_in_pieces_of_any_size(payloads: list[bytes], data: st.DataObject) -> None:
    sent = b"hello\r\n" + IDENTIFICATION + b"".join(map(packet_of, payloads))
    at = data.draw(st.lists(st.integers(0, len(sent)), max_size=6).map(sorted))
    pieces = [sent[start:end] for start, end in zip([0, *at], [*at, len(sent)], strict=True)]
    stream = SshStream()
    assert read(stream, *pieces) == payloads
    assert stream.identification is not None
    assert stream.identification.line == IDENTIFICATION.rstrip()
    assert stream.identification.software == "test_1.0 a comment"


@given(st.binary(max_size=300))
def test_each_packet_fills_whole_blocks_with_enough_padding(payload: bytes) -> None:
    packet = packet_of(payload)
    assert len(packet) % 8 == 0
    assert len(packet) >= 16
    assert packet[4] >= 4


@given(st.binary(max_size=500))
def test_any_bytes_end_in_a_value_or_a_decode_error(received: bytes) -> None:
    for decode in (decode_kexinit, decode_kex_reply, decode_disconnect, decode_host_key):
        with suppress(DecodeError):
            decode(received)
    with suppress(DecodeError):
        read(SshStream(), received)
    with suppress(DecodeError):
        read(SshStream(), IDENTIFICATION, received)


@pytest.mark.parametrize(
    "received",
    [
        pytest.param(b"x\n" * (MAX_PREFACE_LINES + 1), id="lines"),
        pytest.param(b"x" * (MAX_PREFACE_LENGTH + 1), id="a line without an end"),
        pytest.param(b"SSH-2.0-" + b"x" * 300, id="a long identification"),
        pytest.param(b"SSH-2.0-\r\n", id="no software"),
        pytest.param(IDENTIFICATION + b"\x7f\xff\xff\xff", id="a packet of 2 GiB"),
        pytest.param(IDENTIFICATION + b"\x00\x00\x00\x0c\x0c" + bytes(11), id="only padding"),
        pytest.param(IDENTIFICATION + packet_of(b"\x02") * (MAX_PACKETS + 1), id="packets"),
    ],
)
def test_floods_and_malformed_bytes_are_refused(received: bytes) -> None:
    with pytest.raises(DecodeError):
        read(SshStream(), received)


@pytest.mark.parametrize(
    ("line", "speaks_2"),
    [(b"SSH-2.0-x\n", True), (b"SSH-1.99-x\r\n", True), (b"SSH-1.5-x\r\n", False)],
)
def test_the_identification_names_the_version(line: bytes, speaks_2: bool) -> None:
    stream = SshStream()
    read(stream, line)
    assert stream.identification is not None
    assert stream.identification.speaks_version_2 is speaks_2


@pytest.mark.parametrize("names", [b"a,,b", b",a", b"a b", b"a\x00", b"a" * 65, b"\xc3\xa9"])
def test_a_list_with_an_invalid_name_is_refused(names: bytes) -> None:
    payload = bytes((20,)) + bytes(16) + string(names) + string(b"") * 9 + bytes(5)
    with pytest.raises(DecodeError):
        decode_kexinit(payload)


def test_a_kexinit_that_is_cut_is_refused() -> None:
    payload = encode_kexinit(bytes(16), (("a",),) * len(LISTS))
    for length in range(len(payload)):
        with pytest.raises(DecodeError):
            decode_kexinit(payload[:length])


@given(st.integers(0, 2**32 - 1), st.text(max_size=50))
def test_a_disconnect_says_why(code: int, words: str) -> None:
    assert decode_disconnect(encode_disconnect(code, words)) == Disconnect(
        code=code, description=words
    )


def test_a_certificate_may_have_no_end() -> None:
    key = string(b"ssh-ed25519-cert-v01@openssh.com") + string(b"nonce") + string(bytes(32))
    times = bytes(8) + b"\xff" * 8
    rest = (
        string(b"id") + string(b"") + times + string(b"") * 3 + string(b"authority") + string(b"")
    )
    certificate = decode_host_key(key + bytes(8) + b"\x00\x00\x00\x02" + rest).certificate
    assert certificate is not None
    assert certificate.valid_before == NO_END


def test_a_certificate_for_users_is_refused() -> None:
    key = string(b"ssh-ed25519-cert-v01@openssh.com") + string(b"nonce") + string(bytes(32))
    with pytest.raises(DecodeError):
        decode_host_key(key + bytes(8) + b"\x00\x00\x00\x01" + bytes(60))
