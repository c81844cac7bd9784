"""The enumeration is correct for any server, whatever it accepts, prefers or rejects.

Hypothesis generates the servers. Each visit must claim nothing false, and find everything that a server
reveals if it answers at all.
"""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.observation import State
from model.protocol_version import ProtocolVersion
from model.registry import cipher_suites_for
from probe.checks.visit_inputs import ASKED_VERSIONS
from probe.dialogue.offer import TLS13_GROUPS
from tests.probe.checks.simulation import Simulation
from tests.probe.programmable import wire
from tests.probe.programmable.server_model import ServerModel
from tests.probe.programmable.soundness import falsehoods, omissions

pytestmark = pytest.mark.slow

EARLIER_SUITES = [suite.code_point for suite in cipher_suites_for(ProtocolVersion.TLSV1_2)]
TLS13_SUITES = [suite.code_point for suite in cipher_suites_for(ProtocolVersion.TLSV1_3)]


def some_of(code_points: list[int], most: int) -> st.SearchStrategy[tuple[int, ...]]:
    """Some of them in any order."""
    return st.lists(st.sampled_from(code_points), min_size=1, max_size=most, unique=True).map(tuple)


def accept_sets() -> st.SearchStrategy[dict[int, tuple[int, ...]]]:
    """Suites for any versions, in the server's order."""
    return st.dictionaries(
        st.sampled_from(ASKED_VERSIONS), st.just(()), min_size=1, max_size=5
    ).flatmap(
        lambda versions: st.fixed_dictionaries(
            {
                version: some_of(TLS13_SUITES, 5)
                if version is ProtocolVersion.TLSV1_3
                else some_of(EARLIER_SUITES, 12)
                for version in versions
            }
        )
    )


@st.composite
def models(draw: st.DrawFn) -> ServerModel:
    """Servers that answer every hello except those that they reject."""
    accepted = draw(accept_sets())
    return ServerModel(
        cipher_suites=accepted,
        # A curve that every version may name: otherwise a server has suites that it can never use.
        groups=(wire.X25519, *draw(some_of([g for g in TLS13_GROUPS if g != wire.X25519], 4))),
        server_decides=draw(st.booleans()),
        most_suites=draw(st.sampled_from([None, None, 128, 64])),
        close_instead_of_alert=draw(st.booleans()),
        hangs_at_lengths=range(256, 512) if draw(st.booleans()) else range(0),
        intolerant_above=draw(st.sampled_from([None, max(accepted)])),
        asks_client_certificate=draw(st.booleans()),
        chooses_key_first=draw(st.booleans()),
    )


@settings(max_examples=200, deadline=None)
@given(models())
async def test_every_server_that_answers_is_probed_completely(model: ServerModel) -> None:
    observation = await Simulation(model).visit()
    assert (observation.state, falsehoods(model, observation)) == (State.TLS, [])
    assert omissions(model, observation) == []


@pytest.mark.slow
@settings(max_examples=120, deadline=None)
@given(models(), st.floats(min_value=0.05, max_value=0.9), st.integers(0, 10_000))
async def test_a_randomly_silent_server_gets_no_false_facts(
    model: ServerModel, silence: float, seed: int
) -> None:
    moody = ServerModel(
        cipher_suites=model.cipher_suites,
        groups=model.groups,
        server_decides=model.server_decides,
        close_instead_of_alert=model.close_instead_of_alert,
        chooses_key_first=model.chooses_key_first,
        silence=silence,
        dice=random.Random(seed),
    )
    assert falsehoods(model, await Simulation(moody).visit()) == []


@settings(max_examples=120, deadline=None)
@given(models())
async def test_the_cost_is_within_the_design_limit(model: ServerModel) -> None:
    """k accepted suites, g groups and V versions cost at most k + g + 2V + 12 (no odd shapes).

    The groups of TLS 1.3 and those of earlier versions are two lists, which count separately.
    """
    plain = ServerModel(
        cipher_suites=model.cipher_suites,
        groups=model.groups,
        server_decides=model.server_decides,
        chooses_key_first=model.chooses_key_first,
    )
    simulation = Simulation(plain)
    await simulation.visit()
    suites = sum(len(accepted) for accepted in plain.cipher_suites.values())
    groups = len(plain.groups) * len({one == wire.TLSV1_3 for one in plain.cipher_suites})
    assert simulation.questions <= suites + groups + 2 * len(plain.cipher_suites) + 12
