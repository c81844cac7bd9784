"""Runs recorded visits again, and writes their results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TextIO

from model.observation import Observation
from probe.recording.replay import ReplayClock, ReplaySession
from probe.recording.visit import RecordedVisit
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from service.scan.output import ScanOptions, ScanOutcome, ScanOutput


async def replay_all(
    visits: Sequence[RecordedVisit],
    settings: ProbeSettings,
    options: ScanOptions,
    stream: TextIO,
) -> ScanOutcome:
    """Replay each visit, and write its result to ``stream``."""
    output = ScanOutput(options, stream)
    for visit in visits:
        output.write(await replayed(visit, settings))
    output.end()
    return output.outcome


async def replayed(visit: RecordedVisit, settings: ProbeSettings) -> Observation:
    """The result of a recorded visit, by today's checks; trust stores are those of ``settings``."""
    clock = ReplayClock(visit)
    engine = Engine(
        replace(
            settings,
            parts=visit.parts,
            intrusiveness=visit.intrusiveness,
            user_agent=visit.user_agent,
        ),
        clock,
        lambda transport_options, _: ReplaySession(transport_options, visit, clock),
    )
    return await engine.visit(visit.endpoint)
