"""The servers of all tests of mail domains, started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.probe.mail_domain.mail_world import World, mail_world
from tests.zoo.certificates import Certificates


@pytest.fixture(scope="package")
def world(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with mail_world(certificates, tmp_path_factory.mktemp("mail")) as found:
        yield found
