"""On real servers, versions and chains are verified in three connections."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from benchmarks.support.nginx import SERVER_NAME, running_nginx
from model.certificates.certificate import KeyType
from model.clock import SystemClock
from model.observation import Mode, Observation
from model.target import Endpoint, Target
from probe.checks.versions_and_suites.expected_versions import PARTS
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from service.inventory.without_evidence import without_evidence

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def nginx() -> Iterator[Endpoint]:
    """TLS 1.2 and 1.3, with an ECDSA and an RSA certificate."""
    with running_nginx() as port:
        target = Target(host="127.0.0.1", port=port, server_name=SERVER_NAME)
        yield Endpoint(target=target, address="127.0.0.1")


async def visited(endpoint: Endpoint, known: Observation | None) -> Observation:
    engine = Engine(ProbeSettings(deadline_seconds=300.0, parts=PARTS), SystemClock())
    return without_evidence(await engine.visit(endpoint, known=known))


async def test_both_chains_and_all_versions_take_three_connections(nginx: Endpoint) -> None:
    known = await visited(nginx, None)
    seen = await visited(nginx, known)
    assert (seen.mode, seen.cost.connections) == (Mode.VERIFY, 3)
    assert seen.protocols == known.protocols
    chains = [(one.key_type, one.leaf.sha256) for one in seen.certificates]
    assert chains == [(one.key_type, one.leaf.sha256) for one in known.certificates]
    assert {key_type for key_type, _ in chains} == {KeyType.ECDSA, KeyType.RSA}


async def test_a_chain_that_is_no_longer_served_is_learned(nginx: Endpoint) -> None:
    known = await visited(nginx, None)
    first, second = known.certificates
    other = replace(first, chain=(replace(first.leaf, sha256="0" * 64), *first.chain[1:]))
    seen = await visited(nginx, replace(known, certificates=(other, second)))
    assert seen.mode is Mode.ENUMERATE
    assert seen.certificates == known.certificates
