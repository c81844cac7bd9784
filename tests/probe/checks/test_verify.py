"""A verification costs at most 2V + 6 questions and detects what its questions can show."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from model.observation import Observation
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.registry import cipher_suites_for
from model.verdict import Verdict
from probe.checks.prober import Prober
from probe.checks.verify import ask_whether_unchanged, can_be_verified
from probe.checks.visit_facts import VisitFacts
from probe.checks.visit_inputs import ASKED_VERSIONS, VisitInputs
from probe.dialogue.offer import TLS13_GROUPS
from tests.probe.checks.simulation import Simulation
from tests.probe.checks.test_enumeration import TLS13_SUITES, some_of
from tests.probe.programmable import wire
from tests.probe.programmable.server_model import ServerModel

EARLIER_VERSIONS = ASKED_VERSIONS[:-1]
ECDHE_SUITES = [
    suite.code_point
    for suite in cipher_suites_for(ProtocolVersion.TLSV1_2)
    if suite.key_exchange == "ECDHE" and suite.authentication in {"RSA", "ECDSA"}
]
"""The kind whose ServerKeyExchange the model sends."""

NAMED = [group for group in TLS13_GROUPS if group != wire.X25519]


@st.composite
def plain_models(draw: st.DrawFn) -> ServerModel:
    """Servers without peculiarities, below TLS 1.3: no handshake exists in memory."""
    versions = draw(st.sets(st.sampled_from(EARLIER_VERSIONS), min_size=1))
    return ServerModel(
        cipher_suites={version: draw(some_of(ECDHE_SUITES, 8)) for version in versions},
        groups=(wire.X25519, *draw(some_of(NAMED, 3))),
        server_decides=draw(st.booleans()),
        asks_client_certificate=draw(st.booleans()),
    )


async def known(model: ServerModel) -> Observation:
    """The result of an enumeration with SSL 2.0 off."""
    observation = await Simulation(model).visit()
    off = observation.protocols[ProtocolVersion.SSLV3]
    return replace(
        observation,
        protocols={
            **observation.protocols,
            ProtocolVersion.SSLV2: replace(off, verdict=Verdict.NO),
        },
    )


async def verified(model: ServerModel, observation: Observation) -> tuple[bool, int]:
    """Whether the verification confirms the model, and after how many questions."""
    simulation = Simulation(model)
    facts = VisitFacts(inputs=VisitInputs(server_name="zoo.test"))
    same = await ask_whether_unchanged(Prober(simulation), facts, observation)
    return same, simulation.questions


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(plain_models())
async def test_an_unchanged_server_is_confirmed_within_the_budget(model: ServerModel) -> None:
    observation = await known(model)
    assume(can_be_verified(observation))
    observation = replace(observation, certificates=())
    same, questions = await verified(_without_certificate(model), observation)
    assert same
    assert questions <= 2 * len(model.cipher_suites) + 6


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(plain_models(), st.data())
async def test_a_setting_that_was_turned_on_or_off_is_detected(
    model: ServerModel, data: st.DataObject
) -> None:
    observation = replace(await known(model), certificates=())
    assume(can_be_verified(observation))
    changed = _changed(_without_certificate(model), data)
    same, _ = await verified(changed, observation)
    assert not same


def _without_certificate(model: ServerModel) -> ServerModel:
    return replace(model, shows_certificate=False)


def _changed(model: ServerModel, data: st.DataObject) -> ServerModel:
    """One change of a kind that a verification must detect."""
    suites = dict(model.cipher_suites)
    version = data.draw(st.sampled_from(sorted(suites)))
    others = [one for one in STREAM_VERSIONS if one not in suites and one >= wire.SSLV3]
    kinds = ["a suite more", "a certificate asked for"]
    kinds += ["a version more"] if others else []
    kinds += ["a version less"] if len(suites) > 1 else []
    match data.draw(st.sampled_from(kinds)):
        case "a suite more":
            free = [suite for suite in ECDHE_SUITES if suite not in suites[version]]
            more = data.draw(st.sampled_from(free))
            return replace(model, cipher_suites={**suites, version: (*suites[version], more)})
        case "a version more":
            new = data.draw(st.sampled_from(others))
            pool = TLS13_SUITES if new is ProtocolVersion.TLSV1_3 else ECDHE_SUITES
            return replace(model, cipher_suites={**suites, int(new): data.draw(some_of(pool, 3))})
        case "a version less":
            del suites[version]
            return replace(model, cipher_suites=suites)
        case _:
            return replace(model, asks_client_certificate=not model.asks_client_certificate)
