"""Every chain fault served by a real nginx: a visit finds its truth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import pytest

from exporters.terminal.console import printable
from model.certificates.certificate import ServedChain
from model.clock import SystemClock
from model.target import Endpoint, Target
from model.verdict import Verdict
from probe.checks.part import Part
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.pki.certificates.making import NOW
from tests.zoo.deployments import DEPLOYMENTS, served

PARTS = frozenset({Part.VERSIONS, Part.SUITES, Part.CERTIFICATES, Part.REVOCATION})
LEAST = 60


class ClockOfTheCertificates(SystemClock):
    """The time for which the certificates are made."""

    def now(self) -> datetime:
        """A clock that always shows the same time."""
        return NOW


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, int]]:
    with served(tmp_path_factory.mktemp("deployments")) as found:
        yield found


async def deployment(name: str, port: int, directory: Path) -> ServedChain:
    store = directory / "anchors.pem"
    store.write_bytes(b"".join(made.pem for made in DEPLOYMENTS[name].anchors))
    engine = Engine(
        ProbeSettings(trust_stores={"own": store}, parts=PARTS), ClockOfTheCertificates()
    )
    target = Target(host="127.0.0.1", port=port, server_name=DEPLOYMENTS[name].server_name)
    (found,) = (await engine.visit(Endpoint(target=target, address="127.0.0.1"))).certificates
    return found


@pytest.mark.integration
@pytest.mark.parametrize("name", DEPLOYMENTS)
async def test_a_served_chain_gets_the_expected_problems_and_trust(
    name: str, ports: Mapping[str, int], tmp_path: Path
) -> None:
    scenario = DEPLOYMENTS[name]
    found = await deployment(name, ports[name], tmp_path)
    assert [each.der for each in found.chain] == [made.der for made in scenario.sent]
    assert set(found.problems) == set(scenario.problems)
    trust = found.trust["own"]
    verdict = Verdict.YES if scenario.reason is None else Verdict.NO
    assert (trust.verdict, trust.reason) == (verdict, scenario.reason)
    shown = printable(found.leaf.subject or "")
    assert "\x1b" not in shown
    assert "\x07" not in shown


def test_the_number_of_cases_is_as_declared() -> None:
    assert len(DEPLOYMENTS) >= LEAST
