"""An Observation as the bytes of rows: its facts, and apart from them its proofs, which can be lost without them.

``facts`` are JSON, deflated with a dictionary that this version carries (RFC 1950, 2.2): what most
servers have in common is so kept nowhere but here. Raw certificates are no part of either; they have a table
of their own, and proofs in which they occur need them.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final

from model.certificate import Certificate
from model.known_parts import KnownParts
from model.observation import Observation
from model.observation_json import to_json
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
    ders = [certificate.der for certificate in _certificates(observation)]
    return Body(
        facts=deflater.compress(facts) + deflater.flush(),
        proofs=encode_proofs(proofs_of(observation), ders),
    )


def decode_body(body: Body, ders: Mapping[str, bytes | None] = MappingProxyType({})) -> Observation:
    """The Observation that ``encode_body`` wrote, with its proofs where they are there.

    ``ders`` are its certificates by their SHA-256; without proofs they are not needed.

    Raises:
        ValueError: for bytes that it did not write, or where proofs need a certificate that is not given.
    """
    facts = decode_facts(body.facts, KnownParts())
    if body.proofs is None:
        return facts
    known = [ders.get(certificate.sha256) for certificate in _certificates(facts)]
    return with_proofs(facts, decode_proofs(body.proofs, known))


def _certificates(observation: Observation) -> list[Certificate]:
    """Each certificate of the chains once, in the order of the facts."""
    chains = (deployment.chain for deployment in observation.certificates)
    return list({one.sha256: one for chain in chains for one in chain}.values())


def decode_facts(raw: bytes, parts: KnownParts) -> Observation:
    """The facts of a body, of which ``parts`` that are known are not decoded again.

    Also of one that was deflated without a dictionary, and of one with its proofs among the facts.

    Raises:
        ValueError: for bytes that ``encode_body`` did not write.
    """
    try:
        inflater = zlib.decompressobj(zdict=_dictionary())
        return parts.observation((inflater.decompress(raw) + inflater.flush()).decode())
    except (zlib.error, IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"no Observation: {error!r}") from error


@cache
def _dictionary() -> bytes:
    """Facts of servers of several kinds. What is deflated with it can be read with it only."""
    return files("storage").joinpath("facts_dictionary.txt").read_bytes()
