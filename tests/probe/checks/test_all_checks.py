"""Every check on any server: none fails, none claims anything false, and together they respect the budget."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from model.verdict import Verdict
from probe.checks.part import USUAL_PARTS, Part
from tests.probe.checks.simulation import Simulation
from tests.probe.checks.test_enumeration import models
from tests.probe.programmable.server_model import ServerModel

pytestmark = pytest.mark.slow

FEATURES = frozenset({Part.FEATURES, Part.VULNERABILITIES})
MOST_EXTRA_QUESTIONS = 40


@settings(max_examples=60, deadline=None)
@given(models())
async def test_every_check_on_any_server_stays_within_the_budget(model: ServerModel) -> None:
    plain = ServerModel(
        cipher_suites=model.cipher_suites,
        groups=model.groups,
        server_decides=model.server_decides,
    )
    whole, core = Simulation(plain), Simulation(plain)
    observation = await whole.visit(USUAL_PARTS)
    await core.visit(USUAL_PARTS - FEATURES)
    assert whole.questions - core.questions <= MOST_EXTRA_QUESTIONS
    assert observation.features
    said_yes = {name for name, fact in observation.features.items() if fact.verdict is Verdict.YES}
    assert said_yes.isdisjoint({"accepts_unassigned_suites", "compression", "heartbeat", "npn"})


@settings(max_examples=60, deadline=None)
@given(models())
async def test_no_check_fails_on_a_selective_server(model: ServerModel) -> None:
    observation = await Simulation(model).visit(USUAL_PARTS)
    assert all(
        fact.evidence is not None
        for fact in (*observation.features.values(), *observation.vulnerabilities.values())
    )
