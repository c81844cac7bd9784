"""Each mode of client authentication on each stack, at TLS 1.2 and 1.3, matches its configuration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from model.clock import SystemClock
from model.observation import ClientAuthMode, ForgedCertificate
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Preference, Verdict
from probe.checks.part import Part
from probe.visit.engine import Engine
from tests.zoo.certificates import CLIENT_CA_NAME, Certificates
from tests.zoo.client_auth_modes import DEMANDS, Demand
from tests.zoo.java_servers import JavaServer
from tests.zoo.truth import SERVER_NAME
from tests.zoo.visit import UNHURRIED

PARTS = frozenset({Part.VERSIONS, Part.SUITES, Part.CERTIFICATES, Part.CLIENT_AUTH})
BOTH = {ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3}


@pytest.mark.integration
@pytest.mark.parametrize("demand", DEMANDS, ids=lambda demand: demand.name)
async def test_the_client_auth_mode_and_verification_are_detected(
    demand: Demand, certificates: Certificates, tmp_path: Path
) -> None:
    engine = Engine(replace(UNHURRIED, parts=PARTS), SystemClock())
    with demand.start(certificates, tmp_path) as port:
        target = Target(host="127.0.0.1", port=port, server_name=SERVER_NAME)
        seen = await engine.visit(Endpoint(target=target, address="127.0.0.1"))
    assert seen.client_auth.keys() == BOTH
    for version, found in seen.client_auth.items():
        shown = (version, found.mode, found.verifies, [one.evidence for one in found.attempts])
        assert (found.mode, found.verifies) == (demand.mode, demand.verifies), shown
        assert found.ca_names == (CLIENT_CA_NAME,), shown
        assert {one.forged for one in found.attempts} == set(ForgedCertificate), shown
        for attempt in found.attempts:
            assert attempt.evidence is not None
            assert attempt.evidence.note, shown
            is_told = "alert" in attempt.evidence.note or "HTTP status" in attempt.evidence.note
            assert is_told or attempt.is_accepted is not Verdict.NO, shown


@pytest.mark.integration
@pytest.mark.parametrize("mode", [ClientAuthMode.REQUIRED, ClientAuthMode.REQUESTED])
async def test_ssl_3_0_costs_no_other_version(
    mode: ClientAuthMode, certificates: Certificates, tmp_path: Path
) -> None:
    """Java asks at SSL 3.0 too, where no handshake can be finished."""
    server = JavaServer(
        name="java-from-sslv3",
        versions=STREAM_VERSIONS[1:],
        preference=Preference.SERVER,
        client_auth=mode,
    )
    engine = Engine(replace(UNHURRIED, parts=PARTS), SystemClock())
    with server.start(certificates, tmp_path) as port:
        target = Target(host="127.0.0.1", port=port, server_name=SERVER_NAME)
        seen = await engine.visit(Endpoint(target=target, address="127.0.0.1"))
    modes = {version: found.mode for version, found in seen.client_auth.items()}
    assert modes == {
        version: ClientAuthMode.UNKNOWN if version is ProtocolVersion.SSLV3 else mode
        for version in STREAM_VERSIONS[1:]
    }
    assert {found.ca_names for found in seen.client_auth.values()} == {(CLIENT_CA_NAME,)}
    assert "Internal error" not in (seen.reason or "")
