"""Proofs as the bytes of a row, apart from the facts that they prove.

One Zstandard frame (RFC 8878) of two lines of JSON and what is behind them: the length of each offer and
answer, then for each proof its offer, its answer and its note, then the offers and answers themselves, each
once and raw. An offer or answer is 0 where it is the next one, else how many it stands before that one.

What most offers and answers have in common is in a dictionary, ``proofs_1.zdict``, and nowhere else. A frame
names the one that it needs: a better one gets the next number, and none is ever taken away. What is encrypted in
an answer proves nothing to anybody and is not kept.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, TypeAlias

from model.verdict import Evidence

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Proof: TypeAlias = Evidence | None

_LEVEL: Final = 6
_APPLICATION_DATA: Final = 23
"""The content type of a TLS record that is encrypted from TLS 1.3 on (RFC 9846, 5.1)."""

_RECORD_HEADER: Final = 5


def encode_proofs(proofs: Sequence[Proof]) -> bytes:
    """The bytes that ``decode_proofs`` reads."""
    newest = _dictionaries()[-1]
    return zstd.compress(laid_out(proofs), level=_LEVEL, zstd_dict=newest.as_digested_dict)


def decode_proofs(frame: bytes) -> list[Proof]:
    """What ``encode_proofs`` was given, but for what is encrypted.

    Raises:
        ValueError: for bytes that it did not write.
    """
    try:
        named = zstd.get_frame_info(frame).dictionary_id
        (dictionary,) = (one for one in _dictionaries() if one.dict_id == named)
        text = zstd.decompress(frame, zstd_dict=dictionary)
        lengths, places, raw = text.split(b"\n", 2)
        return _put_together(json.loads(places), _cut(raw, json.loads(lengths)))
    except (zstd.ZstdError, IndexError, TypeError, ValueError) as error:
        raise ValueError(f"no proofs: {error!r}") from error


def laid_out(proofs: Sequence[Proof]) -> bytes:
    """The text of a frame."""
    blobs: dict[bytes, int] = {}
    places = [None if proof is None else _places(proof, blobs) for proof in proofs]
    lengths = [len(blob) for blob in blobs]
    return b"\n".join((_text(lengths), _text(places), b"".join(blobs)))


def without_ciphertext(answer: bytes) -> bytes:
    """An answer up to its first whole record of application data; as it is where it is no TLS records."""
    start = 0
    while start + _RECORD_HEADER <= len(answer) and answer[start + 1] == 3:
        if answer[start] == _APPLICATION_DATA:
            return answer[:start]
        start += _RECORD_HEADER + int.from_bytes(answer[start + 3 : start + _RECORD_HEADER], "big")
    return answer


def _places(proof: Evidence, blobs: dict[bytes, int]) -> list[Any]:
    """Where the proof's bytes are among ``blobs``, which grow."""

    def place(blob: bytes | None) -> int | None:
        if blob is None:
            return None
        behind = len(blobs)
        return 0 if blobs.setdefault(blob, behind) == behind else behind - blobs[blob]

    answer = None if proof.answer is None else without_ciphertext(proof.answer)
    return [place(proof.offer), place(answer), proof.note]


def _put_together(places: Sequence[Any], blobs: Sequence[bytes]) -> list[Proof]:
    behind = 0

    def blob(place: int | None) -> bytes | None:
        nonlocal behind
        if place is None:
            return None
        found = blobs[behind - place]
        behind += place == 0
        return found

    return [
        None if one is None else Evidence(offer=blob(one[0]), answer=blob(one[1]), note=one[2])
        for one in places
    ]


def _cut(raw: bytes, lengths: Sequence[int]) -> list[bytes]:
    blobs, start = [], 0
    for length in lengths:
        blobs.append(raw[start : start + length])
        start += length
    return blobs


def _text(fields: Any) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode("ascii")


@cache
def _dictionaries() -> list[zstd.ZstdDict]:
    """The newest last."""
    found = [one for one in files("storage").iterdir() if one.name.endswith(".zdict")]
    return [zstd.ZstdDict(one.read_bytes()) for one in sorted(found, key=lambda one: one.name)]
