"""Verifies a CBOM without a network: its SHA-256, its references, its facts, and its proofs if these are given.

A CBOM has the SHA-256 of each proof, not the proof. With the Observations of the same visits, every hash is computed
again from the bytes that the servers sent.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from exporters.reports.cbom.components import FACT
from exporters.reports.cryptography import NO_PROOF, NOT_ASKED, Cryptography, cryptography_of
from exporters.reports.formats.as_cbom import DIGEST_NAME, FACTS_OF, PROOFS, PROVED_AT
from model.encoding.observation_json import from_json
from model.encoding.times_json import time_to_json
from model.frozen import frozen
from model.verdict import Verdict

Json: TypeAlias = dict[str, Any]

_PROOF: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_VERDICTS: Final = frozenset({*Verdict, NOT_ASKED})
_SHOWN: Final = 80


class NotACbomError(ValueError):
    """The document or the proofs cannot be read; the message is one sentence with how to fix it."""


@frozen
class CbomVerification:
    """The SHA-256 that a CBOM states and the one of its content, its version, and the first ``problem``."""

    stated: str
    computed: str
    version: str
    problem: str | None


def verify_cbom(document: Json, proofs: str | None = None) -> CbomVerification:
    """Verify a CBOM, with the text of ``tlsprobe scan --output jsonl`` if ``proofs`` is given.

    Raises:
        NotACbomError: if one of them cannot be read.
    """
    known = None if proofs is None else dict(_visits(proofs))
    rest = {name: value for name, value in document.items() if name != "properties"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    try:
        return CbomVerification(
            stated=_properties(document)[DIGEST_NAME],
            computed=hashlib.sha256(text.encode()).hexdigest(),
            version=document["metadata"]["tools"]["components"][0]["version"],
            problem=next(_problems(document, known), None),
        )
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise NotACbomError(
            f"it is not a CBOM of this version of tlsprobe ({error}): verify one that tlsprobe wrote"
        ) from error


def _problems(document: Json, known: Mapping[_Visit, Cryptography] | None) -> Iterator[str]:
    defined = [one["bom-ref"] for one in (*document["components"], *document["services"])]
    references = set(defined)
    if len(references) != len(defined):
        yield "two of its parts have the same bom-ref"
    for used in _references(document):
        if used not in references:
            yield f"it refers to {used[:_SHOWN]!r}, which it does not define"
    facts = {one["bom-ref"]: _facts(one) for one in document["components"]}
    for service in document["services"]:
        for problem in _of_service(_properties(service), facts, known):
            yield f"{service['bom-ref'][:_SHOWN]}: {problem}"


def _of_service(
    stated: Mapping[str, str],
    facts: Mapping[str, Mapping[str, str]],
    known: Mapping[_Visit, Cryptography] | None,
) -> Iterator[str]:
    if FACTS_OF not in stated:
        return
    said = facts.get(stated[FACTS_OF])
    proofs = stated[PROOFS].split()
    if said is None or len(said) != len(proofs):
        yield "its facts and its proofs do not belong together"
        return
    for (name, text), proof in zip(said.items(), proofs, strict=True):
        if text.partition(":")[0] not in _VERDICTS:
            yield f"{name[:_SHOWN]} is neither yes, no, unknown nor not asked"
        if proof != NO_PROOF and not _PROOF.fullmatch(proof):
            yield f"the proof of {name[:_SHOWN]} is not a SHA-256 in base64url"
    if known is not None:
        yield from _of_proofs(
            said, proofs, known.get((stated["tlsprobe:endpoint"], stated[PROVED_AT]))
        )


def _of_proofs(
    said: Mapping[str, str], proofs: list[str], seen: Cryptography | None
) -> Iterator[str]:
    if seen is None:
        yield "the visit that proves its facts is not in the file of --data"
        return
    for (name, text), proof, fact, bytes_hash in zip(
        said.items(), proofs, seen.facts, seen.proofs, strict=False
    ):
        if (name, text, proof) != (*fact, bytes_hash):
            yield f"the visit in the file of --data does not prove {name[:_SHOWN]}: {text[:_SHOWN]}"
    if len(proofs) != len(seen.proofs):
        yield "the visit in the file of --data has other facts"


def _facts(component: Json) -> dict[str, str]:
    return {
        name.removeprefix(FACT): value
        for name, value in _properties(component).items()
        if name.startswith(FACT)
    }


def _references(document: Json) -> Iterator[str]:
    for one in document["dependencies"]:
        yield from (one["ref"], *one["dependsOn"])
    for component in document["components"]:
        yield from _references_in(component.get("cryptoProperties", {}))


def _references_in(value: object) -> Iterator[str]:
    """The references of ``relatedCryptographicAssets`` and of suites, wherever they are."""
    if isinstance(value, list):
        for one in value:
            yield from _references_in(one)
    elif isinstance(value, dict):
        for name, one in value.items():
            if name == "ref":
                yield one
            elif name == "algorithms":
                yield from one
            else:
                yield from _references_in(one)


def _properties(holder: Json) -> dict[str, str]:
    return {one["name"]: one["value"] for one in holder.get("properties", ())}


_Visit: TypeAlias = tuple[str, str | None]
"""The key of an endpoint and the start of a visit to it."""


def _visits(text: str) -> Iterator[tuple[_Visit, Cryptography]]:
    for number, line in enumerate(text.splitlines(), 1):
        try:
            observation = from_json(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise NotACbomError(
                f"line {number} of the file of --data is not a scan result: create it with "
                "`tlsprobe scan --output jsonl`"
            ) from error
        started = time_to_json(observation.started_at)
        yield (observation.endpoint.key, started), cryptography_of(observation)
