"""Visits that are recorded, and run again."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from model.clock import SystemClock
from model.observation import Observation
from model.target import Endpoint
from pki.net_guard.politeness import Politeness
from probe.recording.record import RecordingSession
from probe.recording.replay import ReplayClock, ReplaySession
from probe.recording.visit import RecordedVisit
from probe.visit.engine import NONCE_LENGTH, Engine, VisitSession
from probe.visit.settings import ProbeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a visit learned, and its recording."""

    observation: Observation
    recording: RecordedVisit


async def record(endpoint: Endpoint, settings: ProbeSettings) -> Recorded:
    """Visits once and keeps what is said."""
    clock, lines = SystemClock(), list[RecordingSession]()

    def line_to(address: tuple[str, int], politeness: Politeness) -> VisitSession:
        nonce = secrets.token_bytes(NONCE_LENGTH)
        lines.append(RecordingSession(address, settings, politeness, clock, nonce=nonce))
        return lines[0]

    observation = await Engine(settings, clock, line_to).visit(endpoint)
    return Recorded(observation=observation, recording=lines[0].recorded(observation))


async def replay(recording: RecordedVisit, settings: ProbeSettings) -> Observation:
    """What the same checks learn from the recording."""
    clock = ReplayClock(recording)
    engine = Engine(settings, clock, lambda *_: ReplaySession(recording, clock))
    return await engine.visit(recording.endpoint)
