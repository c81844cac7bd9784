"""A visit that was cut short keeps the facts of earlier visits."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from model.clock import SystemClock
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from scheduling.visit import with_earlier_facts
from tests.probe.checks.simulation import CORE, ENDPOINT, LimitedSimulation, Simulation
from tests.probe.programmable import wire
from tests.probe.programmable.server_model import ServerModel

SUITES = (0xC02F, 0xC030, 0xC013)
MODEL = ServerModel(
    cipher_suites={wire.TLSV1_2: SUITES}, groups=(wire.X25519,), shows_certificate=False
)


async def visited(simulation: Simulation) -> Observation:
    engine = Engine(
        ProbeSettings(parts=CORE), SystemClock(), stream=lambda _options, _politeness: simulation
    )
    return await engine.visit(ENDPOINT)


class OneObservation:
    """A store with one Observation, or none; it counts how often it is read."""

    def __init__(self, stored: Observation | None) -> None:
        self.stored = stored
        self.reads = 0

    async def latest(self, endpoint_key: str, *, answered: bool = False) -> Observation | None:
        self.reads += 1
        return self.stored


@pytest.mark.parametrize("answers", [4, 5, 6])
async def test_what_a_visit_that_was_cut_short_did_not_ask_stays_known(answers: int) -> None:
    earlier = await visited(Simulation(MODEL))
    seen = await visited(LimitedSimulation(MODEL, answers))
    assert seen.cost.cut_short
    assert not seen.cipher_suites[ProtocolVersion.TLSV1_2].complete
    whole = await with_earlier_facts(OneObservation(earlier).latest, seen)
    assert {version: fact.verdict for version, fact in whole.protocols.items()} == {
        version: fact.verdict for version, fact in earlier.protocols.items()
    }
    assert set(whole.cipher_suites[ProtocolVersion.TLSV1_2].accepted) == set(
        earlier.cipher_suites[ProtocolVersion.TLSV1_2].accepted
    )
    assert whole.cost == seen.cost
    assert earlier.started_at.date().isoformat() in (whole.reason or "")


async def test_what_it_proved_is_its_own() -> None:
    """The server has turned TLS 1.2 off in favour of 1.1 since the earlier visit."""
    earlier = await visited(Simulation(MODEL))
    older = replace(MODEL, cipher_suites={wire.TLSV1_1: (0xC013,)})
    seen = await visited(LimitedSimulation(older, 5))
    whole = await with_earlier_facts(OneObservation(earlier).latest, seen)
    assert seen.cost.cut_short
    assert whole.protocols[ProtocolVersion.TLSV1_1].verdict is Verdict.YES
    assert whole.protocols[ProtocolVersion.TLSV1_2].verdict is Verdict.NO
    assert ProtocolVersion.TLSV1_2 not in whole.cipher_suites


async def test_a_whole_visit_reads_nothing() -> None:
    seen = await visited(Simulation(MODEL))
    store = OneObservation(replace(seen, started_at=seen.started_at - timedelta(days=1)))
    assert not seen.cost.cut_short
    assert await with_earlier_facts(store.latest, seen) is seen
    assert store.reads == 0


async def test_a_visit_without_an_earlier_one_stands_alone() -> None:
    seen = await visited(LimitedSimulation(MODEL, 6))
    assert await with_earlier_facts(OneObservation(None).latest, seen) is seen
