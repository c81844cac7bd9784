"""Visits a server of the zoo through the counting relay, like a user's endpoint."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from model.clock import SystemClock
from model.observation import Observation
from model.target import Endpoint, Target
from probe.checks.part import USUAL_PARTS, Part
from probe.recording.visit import RecordedVisit
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.probe.recording.recorded import record
from tests.zoo.certificates import Certificates
from tests.zoo.relay import counting_relay
from tests.zoo.server import ZooServer
from tests.zoo.truth import SERVER_NAME, TRUST_STORE

EXTRAS: Final = frozenset({Part.FEATURES, Part.VULNERABILITIES, Part.REVOCATION})
UNHURRIED: Final = ProbeSettings(deadline_seconds=300.0, answer_timeout_seconds=30.0)
"""The results of a visit must not depend on how busy the machine is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """The Observation of a visit, and the number of connections at the server's side."""

    observation: Observation
    connections_seen: int


async def visit(
    server: ZooServer,
    certificates: Certificates,
    directory: Path,
    parts: frozenset[Part] = USUAL_PARTS,
) -> Visit:
    """Starts the server, lets a new Engine visit it once, and stops it."""
    engine = _engine(certificates, parts)
    with server.start(certificates, directory) as server_port:
        async with counting_relay(server_port) as relay:
            observation = await engine.visit(_endpoint(relay.port))
            return Visit(observation=observation, connections_seen=await relay.settle())


async def visit_port(
    port: int,
    certificates: Certificates,
    parts: frozenset[Part] = USUAL_PARTS,
    known: Observation | None = None,
) -> Observation:
    """Lets a new Engine visit a server that is already running; ``known`` is verified, if it is given."""
    return await _engine(certificates, parts).visit(_endpoint(port), known=known)


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreeVisits:
    """What three visits to one running ``server`` found: of everything, to verify that, and without ``EXTRAS``.

    The visit of everything is recorded.
    """

    server: ZooServer
    whole: Visit
    recording: RecordedVisit
    verified: Observation
    core: Visit


async def visit_three_times(
    server: ZooServer, certificates: Certificates, directory: Path
) -> ThreeVisits:
    """Starts the server, visits it, and stops it."""
    with server.start(certificates, directory) as server_port:
        async with counting_relay(server_port) as relay:
            first = await record(_endpoint(relay.port), visit_settings(certificates))
            whole = Visit(observation=first.observation, connections_seen=await relay.settle())
            engine = _engine(certificates, USUAL_PARTS)
            verified = await engine.visit(_endpoint(relay.port), known=first.observation)
        async with counting_relay(server_port) as relay:
            fewer = _engine(certificates, USUAL_PARTS - EXTRAS)
            second = await fewer.visit(_endpoint(relay.port))
            core = Visit(observation=second, connections_seen=await relay.settle())
    return ThreeVisits(
        server=server, whole=whole, recording=first.recording, verified=verified, core=core
    )


def visit_settings(
    certificates: Certificates, parts: frozenset[Part] = USUAL_PARTS
) -> ProbeSettings:
    """The settings of all visits to the zoo."""
    stores = {TRUST_STORE: certificates.root_file}
    return replace(UNHURRIED, trust_stores=stores, parts=parts)


def _engine(certificates: Certificates, parts: frozenset[Part]) -> Engine:
    return Engine(visit_settings(certificates, parts), SystemClock())


def _endpoint(port: int) -> Endpoint:
    target = Target(host="127.0.0.1", port=port, server_name=SERVER_NAME)
    return Endpoint(target=target, address="127.0.0.1")
