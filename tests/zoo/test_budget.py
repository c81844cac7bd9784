"""The number of connections of a visit, counted at the server's side."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.encoding.facts_digest import facts_digest
from model.observation import Mode
from model.verdict import Verdict
from probe.checks.part import Part
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import Certificates
from tests.zoo.nginx_servers import NGINX_MODERN
from tests.zoo.truth import disagreements
from tests.zoo.visit import ThreeVisits, visit

CORE = frozenset({Part.VERSIONS, Part.SUITES, Part.CERTIFICATES})
CORE_BUDGET = 19
"""For six ECDHE suites with RSA and ECDSA certificates and three TLS 1.3 suites; nmap's
ssl-enum-ciphers takes 45 for a part of that, sslscan 97, sslyze 539."""

MANY_SUITES = 120
MOST_FOR_MANY_SUITES = 145


@pytest.mark.integration
async def test_a_modern_nginx_costs_no_more_than_the_budget(
    certificates: Certificates, tmp_path: Path
) -> None:
    seen = await visit(NGINX_MODERN, certificates, tmp_path, CORE)
    truth = NGINX_MODERN.truth(certificates)
    found = seen.observation
    assert set(found.cipher_suites) == set(truth.cipher_suites)
    assert {one.key_type for one in found.certificates} == set(truth.chains)
    assert seen.connections_seen <= CORE_BUDGET


@pytest.mark.integration
async def test_every_openssl_suite_costs_little_more_than_one_connection(
    certificates: Certificates, tmp_path: Path
) -> None:
    (everything,) = [one for one in SERVERS if one.name == "openssl-everything-client-preference"]
    seen = await visit(everything, certificates, tmp_path, CORE)
    suites = sum(len(found.accepted) for found in seen.observation.cipher_suites.values())
    assert suites > MANY_SUITES
    assert seen.connections_seen <= MOST_FOR_MANY_SUITES


@pytest.mark.integration
def test_a_verification_costs_2v_and_6_and_finds_nothing_changed(
    visits: ThreeVisits, certificates: Certificates
) -> None:
    first, second = visits.whole.observation, visits.verified
    versions = sum(fact.verdict is Verdict.YES for fact in first.protocols.values())
    assert disagreements(visits.server.truth(certificates), second) == []
    assert facts_digest(second) == facts_digest(first)
    if second.mode is Mode.VERIFY:
        assert second.cost.connections <= 2 * versions + 6
