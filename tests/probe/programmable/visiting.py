"""Visits to scripted servers, with limits short enough that tests do not wait long."""

from __future__ import annotations

import asyncio
from typing import Final

from model.clock import SystemClock
from model.observation import Observation
from model.target import Endpoint, Target
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.probe.programmable.server import Behaviour, serve

THOROUGH: Final = ProbeSettings(
    deadline_seconds=20.0, connect_timeout_seconds=2.0, answer_timeout_seconds=0.5
)
_GRACE = 2
"""A visit that takes this many times its deadline has exceeded it."""


async def visit(port: int, settings: ProbeSettings) -> Observation:
    """One visit, which fails the test if it exceeds its deadline by far."""
    target = Target(host="127.0.0.1", port=port, server_name="zoo.test")
    async with asyncio.timeout(_GRACE * settings.deadline_seconds):
        return await Engine(settings, SystemClock()).visit(
            Endpoint(target=target, address="127.0.0.1")
        )


async def visit_server(behaviour: Behaviour, settings: ProbeSettings = THOROUGH) -> Observation:
    """One visit to a server with this behaviour."""
    async with serve(behaviour) as server:
        return await visit(server.port, settings)
