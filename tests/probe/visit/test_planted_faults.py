"""An error in one check costs that check alone, and an error at one version costs that version alone."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import pytest

from model.intrusiveness import Intrusiveness
from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Fact, Verdict
from probe.checks.catalogue import STAGES
from probe.checks.check import Ask, Check, Stage
from probe.checks.client_auth.client_auth import check_client_auth
from probe.checks.features.fingerprints import check_fingerprints
from probe.checks.features.hello_features import check_hello_features
from probe.checks.part import Part
from probe.checks.prober import Prober, in_turn, side_by_side
from probe.checks.versions_and_suites.cipher_suites import check_cipher_suites, check_sslv3_suites
from probe.checks.versions_and_suites.signature_schemes import check_tls12_schemes
from probe.checks.versions_and_suites.sslv2 import check_sslv2
from probe.checks.versions_and_suites.tls12_groups import check_tls12_groups
from probe.checks.versions_and_suites.tls13_groups import check_tls13_groups
from probe.checks.versions_and_suites.versions import check_sslv3, check_versions
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


UNKNOWN: Final = Fact(
    verdict=Verdict.UNKNOWN,
    evidence=Evidence(note="Internal error: planted failed with PlantedError"),
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


def checks_with(ask: Ask, catalogue: tuple[Stage, ...]) -> list[Check]:
    """The rows of the catalogue that run it."""
    return [check for stage in catalogue for check in stage.checks if check.ask is ask]


async def run(transport: Simulation) -> tuple[VisitFacts, list[str]]:
    """The facts of one visit to the simulation at the highest level, and our own errors."""
    facts = VisitFacts(inputs=VisitInputs(server_name="zoo.test", host="zoo.test"))
    faults = await stages.run_stages(
        Prober(transport), facts, Intrusiveness.FULL, PARTS, lambda _: None
    )
    return facts, faults


@pytest.fixture(scope="module")
def sound() -> VisitFacts:
    """The facts without a fault."""
    facts, faults = asyncio.run(run(Simulation(MODEL)))
    assert faults == []
    return facts


def named(facts: VisitFacts) -> dict[str, Fact]:
    """The features, vulnerabilities, and the facts of HTTP, of plaintext and of QUIC."""
    return facts.features | facts.vulnerabilities | facts.http | facts.plaintext | facts.quic


def names(facts: VisitFacts) -> set[str]:
    """All that a visit learned, by name and by version."""
    return {
        f"{section} {name}" for section, found in facts.sections().items() for name in found or ()
    }


LOST: Final[Mapping[Ask, tuple[str, ...]]] = {
    check_cipher_suites: ("cipher_suites ", "features encrypt_then_mac"),
    check_client_auth: ("client_auth ",),
    check_fingerprints: ("fingerprints ",),
    check_tls12_schemes: ("signature_schemes ",),
    check_sslv3_suites: (f"cipher_suites {ProtocolVersion.SSLV3}",),
    check_sslv2: (f"protocols {ProtocolVersion.SSLV2}",),
    check_sslv3: (
        *(
            f"{one} {ProtocolVersion.SSLV3}"
            for one in ("protocols", "cipher_suites", "client_auth")
        ),
        "fingerprints ja3s_sslv3",
        "fingerprints ja4s_sslv3",
    ),
    check_tls12_groups: ("groups ",),
    check_tls13_groups: ("groups ", "features post_quantum_handshake"),
    check_hello_features: ("vulnerabilities heartbleed",),
    check_versions: ("",),
}
"""What is absent without a check besides its named facts: its other facts, and those that build on them."""

CHANGED: Final[Mapping[Ask, frozenset[str]]] = {check_sslv3: frozenset({"secure_renegotiation"})}
"""What is concluded from all hellos that came: the simulation's hello of SSL 3.0 has no extension."""


@pytest.mark.parametrize("ask", CHECKS, ids=lambda ask: ask.__name__)
async def test_every_check_survives_an_exception_in_any_other(
    ask: Ask, sound: VisitFacts, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    catalogue = with_fault_in(ask)
    monkeypatch.setattr(stages, "STAGES", catalogue)
    facts, faults = await run(Simulation(MODEL))
    # Without any version, no further stage runs.
    times = 1 if ask is check_versions else len(checks_with(planted, catalogue))
    assert faults == ["planted failed with PlantedError"] * times
    lost = [one for one in names(sound) - names(facts) if not one.startswith(LOST.get(ask, ()))]
    assert lost == []
    own = {name for check in checks_with(ask, STAGES) for name in check.facts}
    for name, fact in named(facts).items():
        before = named(sound).get(name)
        if name in own:
            assert fact in (before, UNKNOWN), name
        elif name not in CHANGED.get(ask, ()):
            assert before is not None
            assert fact.verdict in {before.verdict, Verdict.UNKNOWN}, name
    assert own <= named(facts).keys()
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.message for record in errors] == ["a check failed"] * times
    assert all(record.exc_info is None for record in errors)


def test_the_simulation_asks_for_client_certificates_at_every_version(sound: VisitFacts) -> None:
    assert set(sound.client_auth) == set(VERSIONS)


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

    async def handshake(self, offer: HandshakeOffer, *, is_chained: bool = False) -> Handshake:
        if offer.version is self._version:
            raise PlantedError
        return await super().handshake(offer, is_chained=is_chained)


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.label)
async def test_an_error_at_one_version_costs_that_version_alone(
    version: ProtocolVersion, sound: VisitFacts
) -> None:
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
