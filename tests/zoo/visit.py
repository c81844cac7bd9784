"""Visits a server of the zoo through the counting relay, as a user's endpoint would be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from model.observation import Observation
from model.target import Endpoint, Target
from probe.clock import SystemClock
from probe.engine import Engine
from probe.settings import ProbeSettings
from tests.zoo.certificates import Certificates
from tests.zoo.relay import counting_relay
from tests.zoo.server import ZooServer
from tests.zoo.truth import SERVER_NAME, TRUST_STORE


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What a visit observed, and how many connections came to the server's side."""

    observation: Observation
    connections_seen: int


async def visit(server: ZooServer, certificates: Certificates, directory: Path) -> Visit:
    """Starts the server, lets a new Engine visit it once, and stops it."""
    engine = Engine(
        ProbeSettings(trust_stores={TRUST_STORE: certificates.root_file}), SystemClock()
    )
    with server.start(certificates, directory) as server_port:
        async with counting_relay(server_port) as relay:
            target = Target(host="127.0.0.1", port=relay.port, server_name=SERVER_NAME)
            observation = await engine.visit(Endpoint(target=target, address="127.0.0.1"))
            return Visit(observation=observation, connections_seen=await relay.settle())
