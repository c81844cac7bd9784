"""An Observation as the bytes of rows: its facts, and apart from them its proofs, which can be lost without them.

``facts`` are JSON, deflated with a dictionary that this version carries (RFC 1950, 2.2): what most
servers have in common is so kept nowhere but here. Raw certificates are no part of it; they have a table
of their own.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from model.observation import Observation
from model.observation_json import from_json, to_json
from model.proofs import proofs_of, with_proofs
from storage.proofs import decode_proofs, encode_proofs

_LEVEL: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The bytes of an Observation; ``proofs`` is None where they were not kept."""

    facts: bytes
    proofs: bytes | None


def encode_body(observation: Observation) -> Body:
    """The bytes that ``decode_body`` reads."""
    fields = to_json(observation, with_evidence=False)
    facts = json.dumps(fields, separators=(",", ":")).encode("ascii")
    deflater = zlib.compressobj(_LEVEL, zdict=_dictionary())
    return Body(
        facts=deflater.compress(facts) + deflater.flush(),
        proofs=encode_proofs(proofs_of(observation)),
    )


def decode_body(body: Body) -> Observation:
    """The Observation that ``encode_body`` wrote, with its proofs where they are there.

    Raises:
        ValueError: for bytes that it did not write.
    """
    facts = _decode_facts(body.facts)
    return facts if body.proofs is None else with_proofs(facts, decode_proofs(body.proofs))


def _decode_facts(raw: bytes) -> Observation:
    """Also of a body that was deflated without a dictionary, and of one with its proofs among the facts."""
    try:
        inflater = zlib.decompressobj(zdict=_dictionary())
        return from_json(json.loads(inflater.decompress(raw) + inflater.flush()))
    except (zlib.error, IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"no Observation: {error!r}") from error


@cache
def _dictionary() -> bytes:
    """Facts of servers of several kinds. What is deflated with it can be read with it only."""
    return files("storage").joinpath("facts_dictionary.txt").read_bytes()
