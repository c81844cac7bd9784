"""Writes the protocol buffers of remote write 1.0: only labels and samples are sent.

    message WriteRequest { repeated TimeSeries timeseries = 1; }
    message TimeSeries   { repeated Label labels = 1; repeated Sample samples = 2; }
    message Label        { string name = 1; string value = 2; }
    message Sample       { double value = 1; int64 timestamp = 2; }

Four messages do not need a library with its own compiler; a test lets a real Prometheus read them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

_FIRST_BYTES, _SECOND_BYTES = b"\x0a", b"\x12"
_FIRST_DOUBLE, _SECOND_NUMBER = b"\x09", b"\x10"

_LONGEST_REMEMBERED: Final = 200
"""The longest label value, in characters; it limits all cached labels to 16 MiB."""

STALE: Final = struct.pack("<Q", 0x7FF0000000000002)
"""The NaN that ends a series (Prometheus' value.StaleNaN); it is never a float, which might change its bits."""


def number_bytes(number: float) -> bytes:
    """A sample's value as bytes."""
    return struct.pack("<d", number)


def encode_series(labels: Iterable[tuple[str, str]], value: bytes, at_milliseconds: int) -> bytes:
    """One series with one sample, as a field of a WriteRequest; a request is a concatenation of such fields."""
    sample = _FIRST_DOUBLE + value + _SECOND_NUMBER + _varint(at_milliseconds)
    body = b"".join(_short_or_long(*label) for label in labels) + _field(_SECOND_BYTES, sample)
    return _field(_FIRST_BYTES, body)


def _short_or_long(name: str, value: str) -> bytes:
    return (
        _remembered_label(name, value) if len(value) <= _LONGEST_REMEMBERED else _label(name, value)
    )


def _label(name: str, value: str) -> bytes:
    texts = _field(_FIRST_BYTES, name.encode()) + _field(_SECOND_BYTES, value.encode())
    return _field(_FIRST_BYTES, texts)


_remembered_label = lru_cache(maxsize=16_384)(_label)


def _field(tag: bytes, content: bytes) -> bytes:
    return tag + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    """A varint: seven bits per byte, least significant first; all bytes but the last have the highest bit set."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
