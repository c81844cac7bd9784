"""An Observation as the bytes of a row: its JSON with all evidence, deflated.

Offers and answers of one visit repeat one another, so that deflate saves most of them. Raw
certificates are no part of it; they have a table of their own.
"""

from __future__ import annotations

import json
import zlib

from model.observation import Observation
from model.observation_json import from_json, to_json

_LEVEL = 6


def encode_body(observation: Observation) -> bytes:
    """The bytes that ``decode_body`` reads."""
    text = json.dumps(to_json(observation), separators=(",", ":"))
    return zlib.compress(text.encode("ascii"), _LEVEL)


def decode_body(body: bytes) -> Observation:
    """The Observation that ``encode_body`` wrote.

    Raises:
        ValueError: for bytes that it did not write.
    """
    try:
        return from_json(json.loads(zlib.decompress(body)))
    except (zlib.error, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"no Observation: {error!r}") from error
