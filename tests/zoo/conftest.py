"""Three visits to each server of the zoo, which several modules examine."""

from __future__ import annotations

import asyncio

import pytest

from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import Certificates
from tests.zoo.visit import ThreeVisits, visit_three_times


@pytest.fixture(scope="session", params=SERVERS, ids=lambda server: server.name)
def visits(
    request: pytest.FixtureRequest,
    certificates: Certificates,
    tmp_path_factory: pytest.TempPathFactory,
) -> ThreeVisits:
    """The visits to one server; pytest runs the tests of the same server one after the other."""
    folder = tmp_path_factory.mktemp(request.param.name)
    return asyncio.run(visit_three_times(request.param, certificates, folder))
