"""An Observation as the bytes of rows: its facts and, separately, their evidence, which may be deleted earlier.

``facts`` are compressed JSON. Neither part contains raw certificates; these have a separate table, and evidence
that contains certificates needs them.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, TypeVar

from model.certificates.certificate import Certificate
from model.encoding.known_parts import KnownParts
from model.encoding.observation_json import to_json
from model.encoding.proofs import proofs_of, with_proofs
from model.frozen import frozen
from model.judging.quantum import post_quantum_establishment
from model.observation import Observation
from model.sections import SECTIONS
from model.verdict import Verdict
from storage.rows.compression import Kind, compressed, decompressed, is_compressed
from storage.rows.proofs import decode_proofs, encode_proofs

Found = TypeVar("Found")


@frozen
class Body:
    """The bytes of an Observation; ``proofs`` is None if they were not stored."""

    facts: bytes
    proofs: bytes | None


def encode_body(observation: Observation) -> Body:
    """The bytes that ``decode_body`` reads."""
    ders = [certificate.der for certificate in _certificates(observation)]
    return Body(
        facts=compressed(facts_text(observation), Kind.FACTS),
        proofs=encode_proofs(proofs_of(observation), ders),
    )


def post_quantum_value(observation: Observation) -> bool | None:
    """The column ``post_quantum`` of the facts; None if they prove neither."""
    verdict = post_quantum_establishment(observation)
    return None if verdict is Verdict.UNKNOWN else verdict is Verdict.YES


def facts_text(observation: Observation) -> bytes:
    """The JSON of the facts before it is compressed."""
    fields = to_json(observation, with_evidence=False)
    return json.dumps(fields, separators=(",", ":")).encode("ascii")


def decode_body(
    body: Body,
    ders: Mapping[str, bytes | None] = MappingProxyType({}),
    parts: KnownParts | None = None,
) -> Observation:
    """The Observation that ``encode_body`` wrote, with its evidence if that is available.

    ``ders`` are its certificates by their SHA-256; without evidence they are not needed. Known ``parts`` are not
    decoded again.

    Raises:
        ValueError: if the bytes are invalid, or if the evidence needs a certificate that is missing.
    """
    facts = decode_observation(body.facts, parts or KnownParts())
    if body.proofs is None:
        return facts
    known = [ders.get(certificate.sha256) for certificate in _certificates(facts)]
    return with_proofs(facts, decode_proofs(body.proofs, known))


def _certificates(observation: Observation) -> list[Certificate]:
    """Each certificate of the chains once, in the order of the facts."""
    chains = (deployment.chain for deployment in observation.certificates)
    return list({one.sha256: one for chain in chains for one in chain}.values())


def decode_observation(facts: bytes, parts: KnownParts) -> Observation:
    """The Observation with the facts of a body; known ``parts`` are not decoded again.

    Raises:
        ValueError: if the bytes are invalid.
    """
    return _decoded(facts, parts.observation)


def decode_facts(facts: bytes, parts: KnownParts) -> dict[str, Any]:
    """Only the facts, by the Observation's field names, for a caller that has the rest from other columns.

    They come without the evidence that the oldest formats have among the facts.

    Raises:
        ValueError: if the bytes are invalid.
    """
    found = _decoded(facts, parts.facts)
    if is_compressed(facts):
        return found
    return {
        section.name: section.kind.without_evidence(found[section.name]) for section in SECTIONS
    }


def _decoded(facts: bytes, decode: Callable[[str], Found]) -> Found:
    """Decode facts; older formats are deflated, or contain the evidence."""
    try:
        text = decompressed(facts, Kind.FACTS) if is_compressed(facts) else _inflated(facts)
        return decode(text.decode())
    except (zlib.error, IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not an Observation: {error!r}") from error


def _inflated(facts: bytes) -> bytes:
    """Decode the oldest format (RFC 1950, 2.2)."""
    inflater = zlib.decompressobj(zdict=_first_dictionary())
    return inflater.decompress(facts) + inflater.flush()


@cache
def _first_dictionary() -> bytes:
    return files("storage.rows").joinpath("facts_dictionary.txt").read_bytes()
