"""Bytes in less room: Zstandard (RFC 8878) with dictionaries of what is alike from one server to the next.

There is one for each Kind of bytes. A frame names the dictionary that it needs. The newest is used: a better one
gets the next number behind ``proofs_1.zdict``, and none is ever taken away.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import count
from typing import Final

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["LEVEL", "Kind", "compressed", "decompressed", "is_compressed", "zstd"]

LEVEL: Final = 6
_MAGIC_NUMBER: Final = bytes.fromhex("28b52ffd")


class Kind(StrEnum):
    """What bytes are, by the name of their dictionaries."""

    FACTS = "facts"
    """An Observation's facts, in JSON."""

    PROOFS = "proofs"
    """Offers, answers, and the certificates in them."""


def compressed(data: bytes, kind: Kind) -> bytes:
    """The frame that ``decompressed`` reads."""
    *_, newest = _dictionaries(kind).values()
    return zstd.compress(data, level=LEVEL, zstd_dict=newest.as_digested_dict)


def is_compressed(data: bytes) -> bool:
    """Whether this begins as a frame does (RFC 8878, 3.1.1)."""
    return data.startswith(_MAGIC_NUMBER)


def decompressed(frame: bytes, kind: Kind) -> bytes:
    """What ``compressed`` was given.

    Raises:
        ValueError: for bytes that it did not write.
    """
    try:
        named = zstd.get_frame_info(frame).dictionary_id
        if (dictionary := _dictionaries(kind).get(named)) is None:
            raise ValueError(f"there is no dictionary {named} of {kind}")
        return zstd.decompress(frame, zstd_dict=dictionary)
    except (zstd.ZstdError, ValueError) as error:
        raise ValueError(f"this cannot be decompressed: {error}") from error


@cache
def _dictionaries(kind: Kind) -> dict[int, zstd.ZstdDict]:
    """By the number that frames name, the newest last."""
    storage = files("storage.rows")
    found: dict[int, zstd.ZstdDict] = {}
    for number in count(1):
        if not (file := storage.joinpath(f"{kind}_{number}.zdict")).is_file():
            break
        dictionary = zstd.ZstdDict(file.read_bytes())
        found[dictionary.dict_id] = dictionary
    return found
