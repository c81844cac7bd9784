"""An error in one check costs that check alone, and an error at one version costs that version alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest

from model.intrusiveness import Intrusiveness
from model.protocol_version import ProtocolVersion
from probe.checks.catalogue import STAGES, Ask, Stage
from probe.checks.part import Part
from probe.checks.prober import Prober, in_turn, side_by_side
from probe.checks.versions_and_suites.versions import check_versions
from probe.checks.visit_facts import VisitFacts
from probe.checks.visit_inputs import VisitInputs
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import Handshake, HandshakeOffer
from probe.dialogue.offer import Offer
from probe.visit import stages
from tests.probe.checks.simulation import Simulation
from tests.probe.programmable import wire
from tests.probe.programmable.server_model import ServerModel

pytestmark = pytest.mark.slow

CHECKS: Final = tuple(dict.fromkeys(check.ask for stage in STAGES for check in stage.checks))
PARTS: Final = frozenset(Part)
VERSIONS: Final = (
    ProtocolVersion.SSLV3,
    ProtocolVersion.TLSV1_0,
    ProtocolVersion.TLSV1_2,
    ProtocolVersion.TLSV1_3,
)
MODEL: Final = ServerModel(
    cipher_suites={
        wire.SSLV3: (0x000A, 0x002F),
        wire.TLSV1_0: (0xC014, 0x002F),
        wire.TLSV1_2: (0xC02B, 0xC014),
        wire.TLSV1_3: (0x1301,),
    },
    asks_client_certificate=True,
)


class PlantedError(Exception):
    """An error that no check expects."""


async def planted(prober: Prober, facts: VisitFacts) -> None:
    """A check that fails at once."""
    raise PlantedError


def with_fault_in(ask: Ask) -> tuple[Stage, ...]:
    """The catalogue with a planted error in the place of that check."""
    return tuple(
        replace(
            stage,
            checks=tuple(
                replace(check, ask=planted) if check.ask is ask else check for check in stage.checks
            ),
        )
        for stage in STAGES
    )


async def run(transport: Simulation) -> tuple[VisitFacts, list[str]]:
    """The facts of one visit to the simulation at the highest level, and our own errors."""
    facts = VisitFacts(inputs=VisitInputs(server_name="zoo.test", host="zoo.test"))
    faults = await stages.run_stages(
        Prober(transport), facts, Intrusiveness.FULL, PARTS, lambda _: None
    )
    return facts, faults


def names(facts: VisitFacts) -> set[str]:
    """All that a visit learned, by name and by version."""
    return {
        f"{section} {name}" for section, found in facts.sections().items() for name in found or ()
    }


@pytest.mark.parametrize("ask", CHECKS, ids=lambda ask: ask.__name__)
async def test_every_check_survives_an_exception_in_any_other(
    ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stages, "STAGES", with_fault_in(ask))
    facts, faults = await run(Simulation(MODEL))
    assert set(faults) == {"planted failed with PlantedError"}
    assert bool(facts.spoken) is (ask is not check_versions)
    assert names(facts)


async def test_without_a_fault_there_is_none() -> None:
    facts, faults = await run(Simulation(MODEL))
    assert faults == []
    assert set(facts.client_auth) == set(VERSIONS)


class FailingAt(Simulation):
    """Each question at one version is an error of ours, once the versions are known."""

    def __init__(self, version: ProtocolVersion) -> None:
        super().__init__(MODEL)
        self._version = version
        self._known: set[ProtocolVersion] = set()

    async def ask(
        self, offer: Offer, *, patient: bool = False, is_chained: bool = False
    ) -> Exchange:
        if offer.version is self._version and self._version in self._known:
            raise PlantedError
        self._known.add(offer.version)
        return await super().ask(offer, patient=patient, is_chained=is_chained)

    async def handshake(self, offer: HandshakeOffer) -> Handshake:
        if offer.version is self._version:
            raise PlantedError
        return await super().handshake(offer)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.label)
async def test_an_error_at_one_version_costs_that_version_alone(version: ProtocolVersion) -> None:
    sound, _ = await run(Simulation(MODEL))
    facts, faults = await run(FailingAt(version))
    assert faults
    others = [one for one in VERSIONS if one is not version]
    assert [*facts.protocols] == [*sound.protocols]
    for section in ("cipher_suites", "client_auth"):
        found, wanted = getattr(facts, section), getattr(sound, section)
        assert {one: found[one] for one in others} == {one: wanted[one] for one in others}


async def test_side_by_side_and_in_turn_go_on_after_an_error() -> None:
    taken: list[int] = []

    async def step(number: int) -> None:
        if number == 1:
            raise PlantedError
        taken.append(number)

    for way in (side_by_side, in_turn):
        with pytest.raises(ExceptionGroup) as fault:
            await way(*(step(number) for number in range(3)))
        assert fault.group_contains(PlantedError)
    assert taken == [0, 2, 0, 2]
