"""Explains facts of one endpoint by a visit, or of recorded visits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from model.clock import SystemClock
from model.frozen import frozen
from model.observation import Observation
from model.target import Endpoint
from probe.recording.visit import RecordedVisit
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from scheduling.scan import Scan
from service.scan.explaining.explanation import Explanation
from service.scan.explaining.names import FactName
from service.scan.replay import replayed
from service.scan.request import ScanRequest


@frozen
class Explained:
    """One address, its explanations, and the reason if there are none."""

    endpoint: Endpoint
    answered: bool
    reason: str | None
    explanations: tuple[Explanation, ...]


async def explain_fact(request: ScanRequest, fact: FactName) -> Sequence[Explained]:
    """Visit every address of the first target, and send only what the fact needs."""
    settings = replace(request.settings, parts=fact.parts)
    clock = SystemClock()
    visits = await Scan(Engine(settings, clock).visit, clock, request.family).probe(
        request.targets[0]
    )
    return [explained(observation, fact) for observation in visits]


async def explain_recording(
    visits: Sequence[RecordedVisit], settings: ProbeSettings, fact: FactName
) -> Sequence[Explained]:
    """The facts of recorded visits, from the recorded answers."""
    found = []
    for visit in visits:
        one = explained(await replayed(visit, settings), fact)
        if not one.explanations and (missing := fact.parts - visit.parts):
            reason = f"the recording lacks the checks {', '.join(sorted(missing))}"
            one = replace(one, reason=one.reason or reason)
        found.append(one)
    return found


def explained(observation: Observation, fact: FactName) -> Explained:
    """The explanations of the fact in one Observation."""
    return Explained(
        endpoint=observation.endpoint,
        answered=observation.answered,
        reason=observation.reason,
        explanations=tuple(fact.find(observation)),
    )
