"""Explains one fact of one endpoint with the decoded bytes that prove it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from model.clock import SystemClock
from model.observation import Observation
from model.target import Endpoint
from model.verdict import Evidence
from probe.tls.decoded import decoded, hex_dump
from probe.visit.engine import Engine
from scheduling.scan import Scan
from service.scan.explained_facts import Explanation, FactName
from service.scan.request import ScanRequest

_INDENT: Final = "    "


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One address, its explanations, and the reason if there are none."""

    endpoint: Endpoint
    is_tls: bool
    reason: str | None
    explanations: tuple[Explanation, ...]


async def explain_fact(request: ScanRequest, fact: FactName) -> Sequence[Explained]:
    """Visit every address of the first target, and send only what the fact needs."""
    settings = replace(request.settings, parts=fact.parts)
    return [
        Explained(
            endpoint=observation.endpoint,
            is_tls=observation.answered_as_tls,
            reason=observation.reason,
            explanations=tuple(fact.find(observation)),
        )
        for observation in await _visits(replace(request, settings=settings))
    ]


async def _visits(request: ScanRequest) -> Sequence[Observation]:
    clock = SystemClock()
    engine = Engine(request.settings, clock)
    return await Scan(engine.visit, clock, request.family).probe(request.targets[0])


def explanation_lines(explained: Explained, name: str) -> Iterator[str]:
    """The explanations of the fact ``name`` at one address, as text; server-chosen text is not escaped."""
    if not explained.explanations:
        reason = explained.reason or f"{name} does not apply to this server, or was not asked"
        yield f"{explained.endpoint.key}: {reason}"
    for explanation in explained.explanations:
        yield f"{explained.endpoint.key}: {_headline(explanation)}"
        yield from _proof(explanation)


def _headline(explanation: Explanation) -> str:
    value = f" ({explanation.value})" if explanation.value else ""
    return f"{explanation.title}: {explanation.verdict}{value}"


def _proof(explanation: Explanation) -> Iterator[str]:
    evidence = explanation.evidence
    if evidence is None:
        yield "  no proof was stored"
        return
    if evidence.note:
        yield f"  {evidence.note}"
    for title, raw in (("received", evidence.answer), ("sent", evidence.offer)):
        if raw is None:
            yield f"  nothing {title}"
            continue
        yield f"  {title} {len(raw)} bytes"
        yield from (_INDENT + line for line in decoded(raw))
        yield ""
        yield from (_INDENT + line for line in hex_dump(raw))


def explanation_json(explained: Explained) -> str:
    """The same as one line of JSON."""
    return json.dumps(
        {
            "endpoint": explained.endpoint.key,
            "reason": explained.reason,
            "explanations": [_json(explanation) for explanation in explained.explanations],
        }
    )


def _json(explanation: Explanation) -> dict[str, object]:
    evidence = explanation.evidence or Evidence()
    return {
        "title": explanation.title,
        "verdict": str(explanation.verdict),
        "value": explanation.value,
        "note": evidence.note,
        "sent": _bytes(evidence.offer),
        "received": _bytes(evidence.answer),
    }


def _bytes(raw: bytes | None) -> dict[str, object] | None:
    return {"hex": raw.hex(), "decoded": decoded(raw)} if raw else None
