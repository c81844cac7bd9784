"""An Observation as the bytes of a row: its facts, and beside them the same with all evidence.

``facts`` are JSON, deflated with a dictionary that this version carries (RFC 1950, 2.2): what most
servers have in common is so kept nowhere but here. ``evidence`` is the same JSON with a reference in
place of each proof, and behind it the offers and answers, each once and raw, deflated with the facts as
a dictionary; it can be lost without them. What is encrypted in an answer proves nothing to anybody and
is not kept. Raw certificates are no part of either; they have a table of their own.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from model.observation import Observation
from model.observation_json import Json, from_json, to_json

_LEVEL: Final = 6
_PROOF: Final = "proof"
_EVIDENCE_KEYS: Final = frozenset({"offer", "answer", "note"})
_APPLICATION_DATA: Final = 23
"""The content type of a TLS record that is encrypted from TLS 1.3 on (RFC 9846, 5.1)."""

_RECORD_HEADER: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The bytes of an Observation; ``evidence`` is None where it was not kept."""

    facts: bytes
    evidence: bytes | None


def encode_body(observation: Observation) -> Body:
    """The bytes that ``decode_body`` reads."""
    facts = _text(to_json(observation, with_evidence=False))
    blobs: dict[bytes, int] = {}
    fields = to_json(observation)
    # An owner may name labels as our evidence is; nothing else of a target could be taken for it.
    target = fields.pop("target")
    whole = _text({"target": target, **_with_references(fields, blobs)})
    lengths = _text([len(blob) for blob in blobs])
    return Body(
        facts=_deflated(facts, _dictionary()),
        evidence=_deflated(b"\n".join((lengths, whole, b"".join(blobs))), facts),
    )


def decode_body(body: Body) -> Observation:
    """The Observation that ``encode_body`` wrote, with as much evidence as there is.

    Raises:
        ValueError: for bytes that it did not write.
    """
    try:
        facts = _inflated(body.facts, _dictionary())
        if body.evidence is None:
            return from_json(json.loads(facts))
        lengths, whole, raw = _inflated(body.evidence, facts).split(b"\n", 2)
        blobs, start = [], 0
        for length in json.loads(lengths):
            blobs.append(raw[start : start + length].hex())
            start += length
        return from_json(_with_proofs(json.loads(whole), blobs))
    except (zlib.error, IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"no Observation: {error!r}") from error


def encode_evidence(fields: Json | None) -> bytes | None:
    """One proof as bytes."""
    return None if fields is None else zlib.compress(_text(fields), _LEVEL)


def decode_evidence(body: bytes | None) -> Any:
    """What ``encode_evidence`` was given.

    Raises:
        ValueError: for bytes that it did not write.
    """
    try:
        return None if body is None else json.loads(zlib.decompress(body))
    except zlib.error as error:
        raise ValueError(f"no evidence: {error!r}") from error


def without_ciphertext(answer: bytes) -> bytes:
    """An answer up to its first whole record of application data; as it is where it is no TLS records."""
    start = 0
    while start + _RECORD_HEADER <= len(answer) and answer[start + 1] == 3:
        if answer[start] == _APPLICATION_DATA:
            return answer[:start]
        start += _RECORD_HEADER + int.from_bytes(answer[start + 3 : start + _RECORD_HEADER], "big")
    return answer


def _with_references(value: Any, blobs: dict[bytes, int]) -> Any:
    """``value`` with the place of each proof's bytes among ``blobs``, which grow, in place of them."""
    if isinstance(value, dict):
        if value.keys() == _EVIDENCE_KEYS:
            offer, answer = (_raw(value["offer"]), _raw(value["answer"]))
            answer = None if answer is None else without_ciphertext(answer)
            return {_PROOF: [_place(offer, blobs), _place(answer, blobs), value["note"]]}
        return {name: _with_references(one, blobs) for name, one in value.items()}
    if isinstance(value, list):
        return [_with_references(one, blobs) for one in value]
    return value


def _with_proofs(value: Any, blobs: list[str]) -> Any:
    """What ``_with_references`` was given."""
    if isinstance(value, dict):
        reference = value.get(_PROOF)
        if isinstance(reference, list):  # no label has a list as its value
            offer, answer, note = reference
            return {
                "offer": None if offer is None else blobs[offer],
                "answer": None if answer is None else blobs[answer],
                "note": note,
            }
        return {name: _with_proofs(one, blobs) for name, one in value.items()}
    if isinstance(value, list):
        return [_with_proofs(one, blobs) for one in value]
    return value


def _raw(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)


def _place(blob: bytes | None, blobs: dict[bytes, int]) -> int | None:
    return None if blob is None else blobs.setdefault(blob, len(blobs))


@cache
def _dictionary() -> bytes:
    """Facts of servers of several kinds. What is deflated with it can be read with it only."""
    return files("storage").joinpath("facts_dictionary.txt").read_bytes()


def _deflated(text: bytes, dictionary: bytes) -> bytes:
    deflater = zlib.compressobj(_LEVEL, zdict=dictionary)
    return deflater.compress(text) + deflater.flush()


def _inflated(body: bytes, dictionary: bytes) -> bytes:
    """Also of what was deflated without one."""
    inflater = zlib.decompressobj(zdict=dictionary)
    return inflater.decompress(body) + inflater.flush()


def _text(fields: Any) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode("ascii")
