"""The results of a requested probe as the bytes of a row: compressed JSON, with the evidence of each fact.

Certificates come without their DER, as in the JSON of the API.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from model.encoding.observation_json import from_json, to_json
from model.observation import Observation
from model.records.probe_record import ResultTooLargeError
from storage.rows.compression import Kind, compressed, decompressed

LARGEST_RESULT: Final = 1 << 20
"""In bytes as stored; the result of one address has about 20,000."""


def encode_results(observations: Sequence[Observation]) -> bytes:
    """The bytes that ``decode_results`` reads.

    Raises:
        ResultTooLargeError: if they are more than are stored for one probe.
    """
    text = json.dumps(list(map(to_json, observations)), separators=(",", ":"))
    results = compressed(text.encode("ascii"), Kind.FACTS)
    if len(results) > LARGEST_RESULT:
        raise ResultTooLargeError(
            f"the result has {len(results)} bytes, and at most {LARGEST_RESULT} are stored for one probe"
        )
    return results


def decode_results(results: bytes) -> tuple[Observation, ...]:
    """The Observations.

    Raises:
        ValueError: if the bytes are not what ``encode_results`` wrote.
    """
    return tuple(map(from_json, json.loads(decompressed(results, Kind.FACTS))))
