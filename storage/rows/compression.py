"""Compresses bytes: Zstandard (RFC 8878) with dictionaries of what is common to many servers.

Each Kind of bytes has its dictionaries, and a frame names the one that it needs. The newest one is used: a better
dictionary gets the next number after ``proofs_1.zdict``, and old ones are never removed.
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
    """The kinds of bytes, by the name of their dictionaries."""

    FACTS = "facts"
    """An Observation's facts, in JSON."""

    PROOFS = "proofs"
    """Offers, answers, and the certificates in them."""


def compressed(data: bytes, kind: Kind, level: int = LEVEL) -> bytes:
    """The frame that ``decompressed`` reads."""
    *_, newest = _dictionaries(kind).values()
    return zstd.compress(data, level=level, zstd_dict=newest.as_digested_dict)


def is_compressed(data: bytes) -> bool:
    """Whether the bytes start like a frame (RFC 8878, 3.1.1)."""
    return data.startswith(_MAGIC_NUMBER)


def decompressed(frame: bytes, kind: Kind) -> bytes:
    """The original bytes of a frame from ``compressed``.

    Raises:
        ValueError: if the bytes are not such a frame.
    """
    try:
        named = zstd.get_frame_info(frame).dictionary_id
        if (dictionary := _dictionaries(kind).get(named)) is None:
            raise ValueError(f"there is no dictionary {named} of {kind}")
        return zstd.decompress(frame, zstd_dict=dictionary)
    except (zstd.ZstdError, ValueError) as error:
        raise ValueError(f"cannot be decompressed: {error}") from error


@cache
def _dictionaries(kind: Kind) -> dict[int, zstd.ZstdDict]:
    """The dictionaries by the number in frames, the newest last."""
    storage = files("storage.rows")
    found: dict[int, zstd.ZstdDict] = {}
    for number in count(1):
        if not (file := storage.joinpath(f"{kind}_{number}.zdict")).is_file():
            break
        dictionary = zstd.ZstdDict(file.read_bytes())
        found[dictionary.dict_id] = dictionary
    return found
