"""In every hostile mode a visit respects its limits: loop, CPU, deadline and memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from model.target import Target
from tests.hostile.catalogue import LAYERS, MODES
from tests.hostile.child import address_of, hostile_servers
from tests.hostile.judge import cost_of, warm_up
from tests.hostile.mode import Mode

ATTEMPTS = 3
"""A busy machine may delay one visit, but not every visit: only an attack does that."""


@pytest.fixture(scope="module")
def targets() -> Iterator[Mapping[str, Target]]:
    warm_up()
    with hostile_servers() as running:
        yield running


def test_there_are_hostile_modes_for_every_layer_with_distinct_names() -> None:
    assert len({mode.name for mode in MODES}) == len(MODES)
    assert len({address_of(mode) for mode in MODES}) == len(MODES)
    assert len(MODES) >= 60
    assert [layer for layer, modes in LAYERS.items() if len(modes) < 7] == []


def test_every_mode_describes_its_attack_in_one_sentence() -> None:
    assert [mode.name for mode in MODES if not mode.attack.endswith(".")] == []


@pytest.mark.integration
@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", MODES, ids=[mode.name for mode in MODES])
def test_a_visit_respects_its_limits(mode: Mode, targets: Mapping[str, Target]) -> None:
    exceeded_limits: list[str] = []
    for _ in range(ATTEMPTS):
        cost = cost_of(mode, targets[mode.name])
        exceeded_limits = cost.exceeded_limits(mode.deadline_seconds)
        if not exceeded_limits:
            break
    assert exceeded_limits == []
