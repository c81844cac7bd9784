"""Versions and chains are verified with one question for each, and every change of a version is detected."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from model.clock import SystemClock
from model.observation import Mode, Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Fact, Verdict
from probe.checks.versions_and_suites.expected_versions import PARTS, can_be_expected
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from service.inventory.without_evidence import without_evidence
from tests.probe.checks.simulation import ENDPOINT, Simulation
from tests.probe.checks.test_enumeration import some_of
from tests.probe.checks.test_verify import EARLIER_VERSIONS, ECDHE_SUITES
from tests.probe.programmable.server_model import ServerModel

_NOT_IN_MEMORY = {
    version: Fact(verdict=Verdict.NO)
    for version in (ProtocolVersion.SSLV2, ProtocolVersion.TLSV1_3)
}


@st.composite
def ranges(draw: st.DrawFn) -> tuple[int, ...]:
    """Consecutive versions below TLS 1.3: no handshake exists in memory."""
    first = draw(st.integers(0, len(EARLIER_VERSIONS) - 1))
    last = draw(st.integers(first, len(EARLIER_VERSIONS) - 1))
    return tuple(EARLIER_VERSIONS[first : last + 1])


async def visited(model: ServerModel, known: Observation | None) -> tuple[Observation, int]:
    simulation = Simulation(model)
    engine = Engine(
        ProbeSettings(parts=PARTS), SystemClock(), stream=lambda _options, _politeness: simulation
    )
    seen = await engine.visit(ENDPOINT, known=known)
    protocols = {**seen.protocols, ProtocolVersion.SSLV2: _NOT_IN_MEMORY[ProtocolVersion.SSLV2]}
    return without_evidence(replace(seen, protocols=dict(sorted(protocols.items())))), (
        simulation.questions
    )


@pytest.mark.slow
@settings(max_examples=12, deadline=None)
@given(ranges(), st.data())
async def test_an_unchanged_server_costs_one_question_for_each_version_and_for_those_around(
    versions: tuple[int, ...], data: st.DataObject
) -> None:
    suites = data.draw(some_of(ECDHE_SUITES, 4))
    model = ServerModel(cipher_suites=dict.fromkeys(versions, suites))
    known, _ = await visited(model, None)
    assert can_be_expected(known)
    seen, questions = await visited(model, known)
    above = EARLIER_VERSIONS[-1] - versions[-1] + 1
    below = versions[0] > EARLIER_VERSIONS[0]
    assert (seen.mode, questions) == (Mode.VERIFY, len(versions) + above + below)
    assert (seen.protocols, seen.certificates) == (known.protocols, known.certificates)


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(ranges(), ranges(), st.data())
async def test_a_version_that_was_turned_on_or_off_is_learned(
    before: tuple[int, ...], after: tuple[int, ...], data: st.DataObject
) -> None:
    assume(before != after)
    suites = data.draw(some_of(ECDHE_SUITES, 4))
    known, _ = await visited(ServerModel(cipher_suites=dict.fromkeys(before, suites)), None)
    seen, _ = await visited(ServerModel(cipher_suites=dict.fromkeys(after, suites)), known)
    assert seen.mode is Mode.ENUMERATE
    accepted = {one for one, fact in seen.protocols.items() if fact.verdict is Verdict.YES}
    assert accepted == set(after)


async def test_a_visit_that_asks_for_more_is_not_replaced_by_these_questions() -> None:
    model = ServerModel(cipher_suites={ProtocolVersion.TLSV1_2: tuple(ECDHE_SUITES[:2])})
    known, _ = await visited(model, None)
    simulation = Simulation(model)
    engine = Engine(ProbeSettings(), SystemClock(), stream=lambda _options, _politeness: simulation)
    assert (await engine.visit(ENDPOINT, known=known)).mode is Mode.ENUMERATE


@pytest.mark.parametrize(
    "verdicts",
    [{"TLSv1.0": Verdict.YES}, {"TLSv1.1": Verdict.UNKNOWN}, {"SSLv2": Verdict.YES}],
    ids=str,
)
async def test_versions_with_a_gap_or_an_unknown_one_are_asked_in_full(
    verdicts: dict[str, Verdict],
) -> None:
    model = ServerModel(cipher_suites={ProtocolVersion.TLSV1_2: tuple(ECDHE_SUITES[:2])})
    known, _ = await visited(model, None)
    protocols = {
        version: replace(fact, verdict=verdicts.get(version.label, fact.verdict))
        for version, fact in known.protocols.items()
    }
    assert can_be_expected(known)
    assert not can_be_expected(replace(known, protocols=protocols))
    assert not can_be_expected(replace(known, certificates=()))
