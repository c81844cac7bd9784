"""QUIC's own list of versions, read from a server's answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki.byte_reader import vector
from probe.quic.version_negotiation import question, version_name, versions_in

NONCE = bytes(range(16))


def answer(*versions: int, destination: bytes = NONCE[8:], source: bytes = NONCE[:8]) -> bytes:
    listed = b"".join(version.to_bytes(4, "big") for version in versions)
    return b"\x80" + bytes(4) + vector(destination, 1) + vector(source, 1) + listed


def test_the_request_is_long_enough_and_has_a_reserved_version() -> None:
    packet = question(NONCE)
    assert len(packet) == 1200
    assert packet[:5] == b"\xc0\x1a\x2a\x3a\x4a"
    assert packet[5:23] == vector(NONCE[:8], 1) + vector(NONCE[8:], 1)


@given(st.lists(st.integers(1, 2**32 - 1), max_size=20))
def test_the_listed_versions_are_read_except_reserved_ones(listed: list[int]) -> None:
    spoken = tuple(one for one in listed if one & 0x0F0F0F0F != 0x0A0A0A0A)
    assert versions_in(answer(*listed), NONCE) == spoken


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        answer(1)[:-1],
        answer(1, destination=b"another!"),
        answer(1, source=b""),
        b"\x00" + answer(1)[1:],
        b"\x80\x00\x00\x00\x01" + answer(1)[5:],
    ],
)
def test_a_packet_that_does_not_answer_our_request_is_ignored(packet: bytes) -> None:
    assert versions_in(packet, NONCE) is None


@given(st.binary(max_size=60))
def test_no_bytes_make_reading_raise(packet: bytes) -> None:
    versions_in(packet, NONCE)


def test_versions_have_names() -> None:
    assert [version_name(one) for one in (1, 0x6B3343CF, 0xFF00001D, 0x51303530)] == [
        "v1",
        "v2",
        "draft-29",
        "0x51303530",
    ]
