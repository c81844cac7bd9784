"""An Observation as the bytes of a row: its facts, and beside them the same with all evidence.

Both are JSON, deflated. The evidence is deflated with the facts as a dictionary (RFC 1950, 2.2), so
that what both say is kept once, and the facts can be read, and outlive the evidence, alone. Raw
certificates are no part of either; they have a table of their own.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import Any

from model.finding_json import Json
from model.observation import Observation
from model.observation_json import from_json, to_json

_LEVEL = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The bytes of an Observation; ``evidence`` is None where it was not kept."""

    facts: bytes
    evidence: bytes | None


def encode_body(observation: Observation) -> Body:
    """The bytes that ``decode_body`` reads."""
    facts = _text(to_json(observation, with_evidence=False))
    deflater = zlib.compressobj(_LEVEL, zdict=facts)
    whole = _text(to_json(observation))
    evidence = deflater.compress(whole) + deflater.flush()
    return Body(facts=zlib.compress(facts, _LEVEL), evidence=evidence)


def decode_body(body: Body) -> Observation:
    """The Observation that ``encode_body`` wrote, with as much evidence as there is.

    Raises:
        ValueError: for bytes that it did not write.
    """
    try:
        text = zlib.decompress(body.facts)
        if body.evidence is not None:
            inflater = zlib.decompressobj(zdict=text)
            text = inflater.decompress(body.evidence) + inflater.flush()
        return from_json(json.loads(text))
    except (zlib.error, KeyError, TypeError, ValueError) as error:
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


def _text(fields: Json) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode("ascii")
