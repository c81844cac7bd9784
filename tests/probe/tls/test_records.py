"""Records and handshake messages are the same however the stream was split."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pki.byte_reader import ByteReader, DecodeError, uint16_list, vector
from probe.tls.record import MAX_FRAGMENT_LENGTH, ContentType, MessageReader, Record, RecordReader
from tests.probe.tls import wire

RECORDS = st.lists(
    st.tuples(st.sampled_from(list(ContentType)), st.binary(max_size=80)), max_size=6
)
MESSAGES = st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=80)), max_size=6)


def in_pieces(stream: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    return [stream[start:end] for start, end in pairwise(places)]


def read_records(pieces: list[bytes]) -> list[Record]:
    reader, found = RecordReader(), []
    for piece in pieces:
        reader.feed(piece)
        while (record := reader.next_record()) is not None:
            found.append(record)
    return found


@given(RECORDS, st.lists(st.integers(0, 10_000)))
def test_records_are_the_same_in_any_pieces(
    records: list[tuple[ContentType, bytes]], cuts: list[int]
) -> None:
    stream = b"".join(wire.record(kind, fragment) for kind, fragment in records)
    found = read_records(in_pieces(stream, cuts))
    assert [(one.content_type, one.fragment) for one in found] == records
    assert [one.end for one in found][-1:] == [len(stream)][: len(records)]


@given(MESSAGES, st.lists(st.integers(0, 10_000)))
def test_messages_are_the_same_over_any_fragments(
    messages: list[tuple[int, bytes]], cuts: list[int]
) -> None:
    stream = b"".join(wire.message(kind, body) for kind, body in messages)
    reader, found = MessageReader(), []
    for fragment in in_pieces(stream, cuts):
        reader.feed(fragment)
        while (message := reader.next_message()) is not None:
            found.append(message)
    assert found == messages


@given(st.binary(max_size=200))
def test_any_stream_is_records_or_one_error(stream: bytes) -> None:
    reader = RecordReader()
    reader.feed(stream)
    with suppress(DecodeError):
        while reader.next_record() is not None:
            pass


@pytest.mark.parametrize("first", [0, 13, 19, 25, 0x48, 0x80, 0xFF])
def test_the_first_byte_already_identifies_a_non_record(first: int) -> None:
    reader = RecordReader()
    reader.feed(bytes([first]))
    with pytest.raises(DecodeError):
        reader.next_record()


def test_a_record_too_long_for_any_version_is_refused() -> None:
    reader = RecordReader()
    reader.feed(b"\x16\x03\x03" + (MAX_FRAGMENT_LENGTH + 1).to_bytes(2, "big"))
    with pytest.raises(DecodeError):
        reader.next_record()


def test_an_implausibly_long_message_is_refused() -> None:
    reader = MessageReader()
    reader.feed(b"\x0b\xff\xff\xff")
    with pytest.raises(DecodeError):
        reader.next_message()


@given(st.lists(st.integers(0, 0xFFFF)).map(tuple))
def test_code_points_are_read_as_written(code_points: tuple[int, ...]) -> None:
    reader = ByteReader(uint16_list(code_points), "list")
    assert reader.uint16_list(2) == code_points
    reader.finish()


def test_an_incomplete_code_point_is_refused() -> None:
    with pytest.raises(DecodeError):
        ByteReader(vector(b"\x01", 2), "list").uint16_list(2)


def test_trailing_bytes_are_refused() -> None:
    reader = ByteReader(b"ab", "thing")
    reader.take(1)
    with pytest.raises(DecodeError, match="malformed thing at byte 1"):
        reader.finish()
