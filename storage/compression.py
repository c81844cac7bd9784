"""Bytes in less room: Zstandard (RFC 8878) with a dictionary of what servers answer and hellos ask.

A frame names the dictionary that it needs. The newest is used: a better one gets the next number behind
``proofs_1.zdict``, and none is ever taken away.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib.resources import files
from typing import Final

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["compressed", "decompressed", "zstd"]

_LEVEL: Final = 6


def compressed(data: bytes) -> bytes:
    """The frame that ``decompressed`` reads."""
    newest = _dictionaries()[-1]
    return zstd.compress(data, level=_LEVEL, zstd_dict=newest.as_digested_dict)


def decompressed(frame: bytes) -> bytes:
    """What ``compressed`` was given.

    Raises:
        ValueError: for bytes that it did not write.
    """
    try:
        named = zstd.get_frame_info(frame).dictionary_id
        (dictionary,) = (one for one in _dictionaries() if one.dict_id == named)
        return zstd.decompress(frame, zstd_dict=dictionary)
    except (zstd.ZstdError, ValueError) as error:
        raise ValueError(f"this cannot be decompressed: {error}") from error


@cache
def _dictionaries() -> list[zstd.ZstdDict]:
    """The newest last."""
    found = [one for one in files("storage").iterdir() if one.name.endswith(".zdict")]
    return [zstd.ZstdDict(one.read_bytes()) for one in sorted(found, key=lambda one: one.name)]
