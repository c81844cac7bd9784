"""A hundred tarpits among a thousand endpoints delay the others no more than ordinary endpoints would."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from model.clock import SystemClock
from model.endpoint_state import Advanced, Visit
from model.observation import Observation, State
from model.target import Endpoint, Target
from model.verification.remembered import Known
from probe.checks.part import Part
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from scheduling.jobs import Probing, SchedulerSettings
from scheduling.scheduler import Scheduler
from tests.probe.programmable import wire
from tests.probe.programmable.behaviours import says_nothing
from tests.probe.programmable.server import Behaviour, serve, served_on_a_port
from tests.probe.programmable.server_model import ServerModel
from tests.scheduling.world import World

ENDPOINTS, TARPITS = 1000, 100
SETTINGS = ProbeSettings(
    deadline_seconds=6.0,
    answer_timeout_seconds=0.5,
    connections_per_second=100_000,
    parts=frozenset({Part.VERSIONS}),
)
SHARE = 1.25
"""The tarpits' share is one tenth; the rest is variation between runs."""

ATTEMPTS = 3

answers = served_on_a_port(ServerModel(cipher_suites={wire.TLSV1_2: (0xC02F,)}))


@dataclass(slots=True, kw_only=True)
class RealVisits(World):
    """The scheduler's world with real visits; ``done`` after ``ordinary`` endpoints spoke TLS."""

    engine: Engine
    ordinary: int
    done: asyncio.Event = field(default_factory=asyncio.Event)

    async def visit(self, endpoint: Endpoint, known: Known | None) -> Observation:
        """A real visit over the network."""
        return await self.engine.visit(endpoint)

    async def record_visit(self, visit: Visit) -> Advanced | None:
        """Counts the ordinary endpoints down."""
        self.ordinary -= visit.observation.state is State.TLS
        if not self.ordinary:
            self.done.set()
        return None


@asynccontextmanager
async def servers(behaviour: Behaviour, network: str, count: int) -> AsyncIterator[list[Target]]:
    """One behaviour on the first loopback addresses of ``network``."""
    hosts = [f"{network}.{number >> 8}.{number & 255}" for number in range(1, count + 1)]
    async with serve(behaviour, hosts) as server:
        yield [Target(host=host, port=server.port, server_name="zoo.test") for host in hosts]


async def seconds_until_all_are_probed(targets: list[Target], ordinary: int) -> float:
    """The time that a new scheduler takes for the endpoints that answer."""
    clock = SystemClock()
    world = RealVisits(engine=Engine(SETTINGS, clock), ordinary=ordinary)
    scheduler = Scheduler(
        probing=Probing(visit=world.visit, resolve=world.resolve),
        store=world,
        clock=clock,
        settings=SchedulerSettings(
            overtime_seconds=0.3, stop_grace_seconds=0.0, least_admitted_per_second=ENDPOINTS
        ),
        meter=world,
    )
    world.addresses = {target.host: (target.host,) for target in targets}
    await scheduler.set_targets(targets)
    began = clock.monotonic()
    running = asyncio.create_task(scheduler.run())
    await world.done.wait()
    lasted = clock.monotonic() - began
    await scheduler.stop()
    await running
    return lasted


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_tarpits_do_not_slow_the_others_by_more_than_their_share() -> None:
    ordinary = ENDPOINTS - TARPITS
    async with (
        servers(answers, "127.1", ENDPOINTS) as good,
        servers(says_nothing, "127.2", TARPITS) as tarpits,
    ):
        mixed = good[:ordinary]
        for number, tarpit in enumerate(tarpits):
            mixed.insert(number * ENDPOINTS // TARPITS, tarpit)
        # A busy machine may delay one run, but not every run: only tarpits do that.
        shares: list[float] = []
        while len(shares) < ATTEMPTS and (not shares or shares[-1] >= SHARE):
            without = await seconds_until_all_are_probed(good, ENDPOINTS)
            among = await seconds_until_all_are_probed(mixed, ordinary)
            shares.append(among / without)
    assert shares[-1] < SHARE
