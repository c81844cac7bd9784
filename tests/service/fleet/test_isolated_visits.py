"""Visits in a process of their own: real processes, one of which has a flaw."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from model.observation import State
from model.target import Endpoint, Target
from service.config.settings import ProbeLimits, ServiceSettings
from service.watchdog.isolation import DiedAloneError, Isolation, NoProcessError
from tests.service.fleet.test_workers import POISON

pytestmark = pytest.mark.integration

SETTINGS = ServiceSettings(probe=ProbeLimits(checks=("versions",), deadline_seconds=20))


def endpoint(port: int, address: str = "127.0.0.1") -> Endpoint:
    target = Target(host=address, port=port, server_name="zoo.test")
    return Endpoint(target=target, address=address)


@pytest.fixture
async def isolation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Isolation]:
    (tmp_path / "sitecustomize.py").write_text(POISON)
    monkeypatch.setenv("PYTHONPATH", os.fspath(tmp_path))
    monkeypatch.setenv("POISON", "127.0.0.2")
    made = Isolation(SETTINGS)
    yield made
    await made.close()


async def test_one_process_makes_one_visit_after_another(
    isolation: Isolation, closed_port: int
) -> None:
    first = await isolation.visit(endpoint(closed_port), None)
    second = await isolation.visit(endpoint(closed_port), first)
    assert [first.state, second.state] == [State.REFUSED, State.REFUSED]


async def test_an_isolated_visit_that_dies_is_reported_and_harms_no_other(
    isolation: Isolation, closed_port: int
) -> None:
    with pytest.raises(DiedAloneError):
        await isolation.visit(endpoint(closed_port, "127.0.0.2"), None)
    after = await isolation.visit(endpoint(closed_port), None)
    assert after.state is State.REFUSED


async def test_no_endpoint_is_suspected_if_no_process_can_start(
    monkeypatch: pytest.MonkeyPatch, closed_port: int
) -> None:
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(NoProcessError):
        await Isolation(SETTINGS).visit(endpoint(closed_port), None)
