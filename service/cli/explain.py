"""``tlsprobe explain``: one fact of one endpoint, with the bytes that prove it, decoded."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from exporters.terminal.console import printable
from model.clock import SystemClock
from model.observation import Observation
from model.target import Endpoint
from model.verdict import Evidence
from model.version import TOOL_VERSION
from probe.tls.decoded import decoded, hex_dump
from probe.visit.engine import Engine
from scheduling.resolve import resolve, unresolved
from service.scan.explained_facts import Explanation, FactName
from service.scan.request import ScanRequest

_INDENT: Final = "    "


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """One address, what it proved, and why nothing where there is nothing."""

    endpoint: Endpoint
    reason: str | None
    explanations: tuple[Explanation, ...]


async def explain(request: ScanRequest, fact: FactName, name: str, *, as_json: bool) -> bool:
    """Visit every address of the first target and print the fact; whether all answered as TLS."""
    observations = await _visits(request)
    explained = [
        Explained(
            endpoint=observation.endpoint,
            reason=observation.reason,
            explanations=tuple(fact.find(observation)),
        )
        for observation in observations
    ]
    lines = _as_json(explained) if as_json else _as_text(explained, name)
    for line in lines:
        print(line if as_json else printable(line))
    return all(observation.answered_as_tls for observation in observations)


async def _visits(request: ScanRequest) -> Sequence[Observation]:
    clock = SystemClock()
    engine = Engine(request.settings, clock)
    target = request.targets[0]
    resolution = await resolve(target)
    if not resolution.endpoints:
        failure = resolution.failure or f"{target.host} has no address"
        return [unresolved(target, failure, clock.now(), TOOL_VERSION)]
    return [await engine.visit(endpoint) for endpoint in resolution.endpoints]


def _as_text(explained: Sequence[Explained], name: str) -> Iterator[str]:
    for one in explained:
        if not one.explanations:
            reason = one.reason or f"{name} does not apply to this server, or was not asked"
            yield f"{one.endpoint.key}: {reason}"
        for explanation in one.explanations:
            yield f"{one.endpoint.key}: {_headline(explanation)}"
            yield from _proof(explanation)


def _headline(explanation: Explanation) -> str:
    value = f" ({explanation.value})" if explanation.value else ""
    return f"{explanation.title}: {explanation.verdict}{value}"


def _proof(explanation: Explanation) -> Iterator[str]:
    evidence = explanation.evidence
    if evidence is None:
        yield "  no proof was kept"
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


def _as_json(explained: Sequence[Explained]) -> Iterator[str]:
    for one in explained:
        yield json.dumps(
            {
                "endpoint": one.endpoint.key,
                "reason": one.reason,
                "explanations": [_json(explanation) for explanation in one.explanations],
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
