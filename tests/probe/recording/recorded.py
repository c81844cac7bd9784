"""Visits that are recorded and replayed."""

from __future__ import annotations

from dataclasses import dataclass

from model.clock import SystemClock
from model.observation import Observation
from model.target import Endpoint
from pki.net_guard.politeness import Politeness
from probe.connect.options import TransportOptions
from probe.recording.record import RecordingIkeSession, RecordingSession, recording_session
from probe.recording.replay import ReplayClock, ReplaySession
from probe.recording.visit import RecordedVisit
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a visit found, and its recording."""

    observation: Observation
    recording: RecordedVisit


async def record(endpoint: Endpoint, settings: ProbeSettings) -> Recorded:
    """Visits once and records the conversation."""
    clock, sessions = SystemClock(), list[RecordingSession | RecordingIkeSession]()

    def make(
        options: TransportOptions, politeness: Politeness
    ) -> RecordingSession | RecordingIkeSession:
        sessions.append(recording_session(options, settings, politeness, clock))
        return sessions[0]

    observation = await Engine(settings, clock, make).visit(endpoint)
    return Recorded(observation=observation, recording=sessions[0].recorded(observation))


async def replay(recording: RecordedVisit, settings: ProbeSettings) -> Observation:
    """What the same checks find in the recording."""
    clock = ReplayClock(recording)
    engine = Engine(settings, clock, lambda options, _: ReplaySession(options, recording, clock))
    return await engine.visit(recording.endpoint)
