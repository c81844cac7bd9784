"""Evidence as the bytes of a row, separate from the facts that it proves.

The format, before compression, is two lines of JSON and raw bytes. The first line has the parts of each offer and
answer, the second has the offer, answer and note of each piece of evidence, and true if they are cut; then come the offers and answers
themselves, each once. A part is a number of those bytes or, below 0, a certificate that is stored elsewhere: -1 is
the first. A reference to an offer or answer is 0 for the next new one, else how far back it is. Encrypted data in an
answer prove nothing and are not stored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, TypeAlias

from model.verdict import Evidence
from storage.rows.compression import Kind, compressed, decompressed

Proof: TypeAlias = Evidence | None

_MOST_CERTIFICATES: Final = 16
"""The most certificates that are searched for in each answer."""

_APPLICATION_DATA: Final = 23
"""The content type of encrypted TLS records since TLS 1.3 (RFC 9846, 5.1)."""

_RECORD: Final = re.compile(rb"[\x14-\x17]\x03[\x00-\x04]")
_RECORD_HEADER: Final = 5


def encode_proofs(proofs: Iterable[Proof], certificates: Sequence[bytes | None] = ()) -> bytes:
    """The bytes that ``decode_proofs`` reads; ``certificates`` are DER, or None if unknown."""
    return compressed(laid_out(proofs, certificates), Kind.PROOFS)


def decode_proofs(frame: bytes, certificates: Sequence[bytes | None] = ()) -> list[Proof]:
    """The evidence that ``encode_proofs`` got with the same certificates, without the encrypted data.

    Raises:
        ValueError: if the bytes are invalid, or a certificate is missing.
    """
    try:
        parts, places, raw = decompressed(frame, Kind.PROOFS).split(b"\n", 2)
        return _put_together(json.loads(places), list(_blobs(json.loads(parts), raw, certificates)))
    except (IndexError, TypeError, ValueError) as error:
        raise ValueError(f"not valid proofs: {error!r}") from error


def laid_out(proofs: Iterable[Proof], certificates: Sequence[bytes | None] = ()) -> bytes:
    """The bytes before compression."""
    blobs: dict[bytes, int] = {}
    places = [None if proof is None else _places(proof, blobs) for proof in proofs]
    cut = [_cut(blob, certificates) for blob in blobs]
    parts = [[len(part) if isinstance(part, bytes) else part for part in blob] for blob in cut]
    raw = b"".join(part for blob in cut for part in blob if isinstance(part, bytes))
    return b"\n".join((_text(parts), _text(places), raw))


def without_ciphertext(answer: bytes) -> bytes:
    """An answer up to its first complete record of application data; unchanged if it is not TLS records."""
    start = 0
    while _RECORD.match(answer, start) and start + _RECORD_HEADER <= len(answer):
        if answer[start] == _APPLICATION_DATA:
            return answer[:start]
        start += _RECORD_HEADER + int.from_bytes(answer[start + 3 : start + _RECORD_HEADER], "big")
    return answer


def _places(proof: Evidence, blobs: dict[bytes, int]) -> list[Any]:
    """References to the evidence's bytes among ``blobs``; new bytes are added to ``blobs``."""

    def place(blob: bytes | None) -> int | None:
        if blob is None:
            return None
        behind = len(blobs)
        return 0 if blobs.setdefault(blob, behind) == behind else behind - blobs[blob]

    answer = None if proof.answer is None else without_ciphertext(proof.answer)
    found: list[Any] = [place(proof.offer), place(answer), proof.note]
    return [*found, True] if proof.is_cut else found


def _cut(blob: bytes, certificates: Sequence[bytes | None]) -> list[bytes | int]:
    """The blob as bytes, with references to certificates between them."""
    parts: list[bytes | int] = [blob]
    for number, der in enumerate(certificates[:_MOST_CERTIFICATES], 1):
        if der and der in blob:
            parts = [piece for part in parts for piece in _around(part, der, -number)]
    return parts


def _around(part: bytes | int, der: bytes, place: int) -> Iterator[bytes | int]:
    if isinstance(part, int):
        yield part
        return
    first, *others = part.split(der)
    yield first
    for other in others:
        yield place
        yield other


def _blobs(
    parts: Iterable[Iterable[int]], raw: bytes, certificates: Sequence[bytes | None]
) -> Iterator[bytes]:
    start = 0
    for blob in parts:
        pieces = []
        for part in blob:
            if part >= 0:
                pieces.append(raw[start : start + part])
                start += part
            elif (der := certificates[-part - 1]) is None:
                raise ValueError(f"certificate {-part} is missing")
            else:
                pieces.append(der)
        yield b"".join(pieces)


def _put_together(places: Sequence[Any], blobs: Sequence[bytes]) -> list[Proof]:
    behind = 0

    def blob(place: int | None) -> bytes | None:
        nonlocal behind
        if place is None:
            return None
        found = blobs[behind - place]
        behind += place == 0
        return found

    def proof(offer: int | None, answer: int | None, note: str | None, *cut: bool) -> Evidence:
        return Evidence(offer=blob(offer), answer=blob(answer), note=note, is_cut=any(cut))

    return [None if one is None else proof(*one) for one in places]


def _text(fields: Any) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode("ascii")
