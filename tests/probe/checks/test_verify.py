"""A verification costs at most 2V + 6 questions and detects what its questions can show."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from model.clock import SystemClock
from model.observation import Observation, State
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.registry import cipher_suites_for
from model.verdict import Verdict
from probe.checks.prober import Prober
from probe.checks.verification_plan import plan_of
from probe.checks.verify import ask_whether_unchanged
from probe.checks.visit_facts import VisitFacts
from probe.checks.visit_inputs import ASKED_VERSIONS, VisitInputs
from probe.dialogue.candidate_suites import FEW_SUITES, suites_in_parts
from probe.dialogue.offer import TLS13_GROUPS
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from service.inventory.without_evidence import without_evidence
from tests.probe.checks.simulation import ENDPOINT, LimitedSimulation, Simulation
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
        most_suites=draw(st.sampled_from([None, 64])),
        close_instead_of_alert=draw(st.booleans()),
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


async def verified(model: ServerModel, observation: Observation) -> tuple[Verdict, int]:
    """Whether the verification confirms the model, and after how many questions."""
    simulation = Simulation(model)
    facts = VisitFacts(inputs=VisitInputs(server_name="zoo.test"))
    same = await _ask(simulation, facts, observation)
    return same, simulation.questions


async def _ask(simulation: Simulation, facts: VisitFacts, observation: Observation) -> Verdict:
    """Verifies by the plan alone: what is known has no evidence any more."""
    plan = plan_of(observation)
    assert plan is not None
    bare = without_evidence(observation)
    return await ask_whether_unchanged(Prober(simulation), facts, bare, plan)


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(plain_models())
async def test_an_unchanged_server_is_confirmed_within_the_budget(model: ServerModel) -> None:
    observation = await known(model)
    assume(plan_of(observation) is not None)
    observation = replace(observation, certificates=())
    same, questions = await verified(_without_certificate(model), observation)
    assert same is Verdict.YES
    # A close of a part is confirmed by two questions more, if another part was refused in another way.
    in_parts = 0 if model.most_suites is None else sum(map(_parts, ASKED_VERSIONS))
    assert questions <= 2 * len(model.cipher_suites) + 6 + 3 * in_parts


def _parts(version: ProtocolVersion) -> int:
    return len(list(suites_in_parts(version, FEW_SUITES)))


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(plain_models(), st.data())
async def test_a_setting_that_was_turned_on_or_off_is_detected(
    model: ServerModel, data: st.DataObject
) -> None:
    observation = replace(await known(model), certificates=())
    assume(plan_of(observation) is not None)
    changed = _changed(_without_certificate(model), data)
    same, _ = await verified(changed, observation)
    assert same is Verdict.NO


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(plain_models(), st.data())
async def test_a_question_that_the_time_did_not_allow_is_no_difference(
    model: ServerModel, data: st.DataObject
) -> None:
    observation = replace(await known(model), certificates=())
    assume(plan_of(observation) is not None)
    unchanged = _without_certificate(model)
    _, needed = await verified(unchanged, observation)
    limited = LimitedSimulation(unchanged, data.draw(st.integers(0, needed - 1)))
    facts = VisitFacts(inputs=VisitInputs(server_name="zoo.test"))
    assert await _ask(limited, facts, observation) is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("answers", "state"), [(0, State.TIMEOUT), (1, State.TLS), (3, State.TLS)], ids=str
)
async def test_a_visit_whose_time_ends_keeps_the_known_facts_of_a_server_that_answers(
    answers: int, state: State
) -> None:
    model = ServerModel(
        cipher_suites={wire.TLSV1_2: tuple(ECDHE_SUITES[:2])},
        groups=(wire.X25519,),
        shows_certificate=False,
    )
    observation = replace(await known(model), certificates=())
    limited = LimitedSimulation(model, answers)
    engine = Engine(ProbeSettings(), SystemClock(), stream=lambda _options, _politeness: limited)
    seen = await engine.visit(ENDPOINT, known=observation)
    assert seen.state is state
    assert (seen.protocols == observation.protocols) is (state is State.TLS)
    assert seen.reason is not None
    assert seen.reason.startswith("The visit reached its limits") is (state is State.TLS)


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
