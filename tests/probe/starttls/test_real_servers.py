"""The results for each real server in each configuration match the configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest

from model.clock import SystemClock
from model.encoding.observation_json import to_json
from model.observation import ClientAuthMode, Observation, State
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Verdict
from probe.checks.part import USUAL_PARTS, Part
from probe.recording.visit import from_lines, to_lines
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.probe.recording.recorded import record, replay
from tests.probe.starttls.case import Case, RealServer
from tests.probe.starttls.servers.catalogue import SERVERS
from tests.probe.starttls.servers.mariadb import MARIADB
from tests.probe.starttls.servers.postfix import POSTFIX
from tests.zoo.certificates import Certificates
from tests.zoo.truth import SERVER_NAME, TRUST_STORE

pytestmark = pytest.mark.integration

_FEW = frozenset({Part.VERSIONS, Part.PLAINTEXT, Part.CERTIFICATES})

CASES = [
    pytest.param(server, case, id=f"{server.name}-{case.configuration}-{case.protocol}")
    for server in SERVERS
    for case in server.cases
]


class Started:
    """The servers that this session has used so far; each is started once."""

    def __init__(self, certificates: Certificates, stack: ExitStack) -> None:
        self._certificates = certificates
        self._stack = stack
        self._ports: dict[str, Mapping[str, int]] = {}

    def port(self, server: RealServer, configuration: str) -> int:
        """The port of this configuration."""
        if server.name not in self._ports:
            ports = self._stack.enter_context(server.start(self._certificates))
            self._ports[server.name] = ports
        return self._ports[server.name][configuration]


@pytest.fixture(scope="session")
def started(certificates: Certificates) -> Iterator[Started]:
    """All real servers, started on demand."""
    with ExitStack() as stack:
        yield Started(certificates, stack)


async def _visit(
    host: str,
    port: int,
    protocol: str,
    certificates: Certificates,
    parts: frozenset[Part] = USUAL_PARTS,
) -> Observation:
    stores = {TRUST_STORE: certificates.root_file}
    settings = ProbeSettings(deadline_seconds=300.0, trust_stores=stores, parts=parts)
    target = Target(host=host, port=port, server_name=SERVER_NAME, protocol=protocol)
    endpoint = Endpoint(target=target, address=host)
    return await Engine(settings, SystemClock()).visit(endpoint)


@pytest.mark.parametrize(("server", "case"), CASES)
async def test_a_server_is_what_its_configuration_says(
    server: RealServer, case: Case, started: Started, certificates: Certificates
) -> None:
    port = started.port(server, case.configuration)
    parts = _FEW if case.is_quick else USUAL_PARTS
    observation = await _visit(server.host, port, case.protocol, certificates, parts)
    assert observation.state in {case.state, case.or_state}
    assert case.reason in (observation.reason or "")
    found = {name: fact.verdict for name, fact in observation.plaintext.items()}
    assert found == case.plaintext
    values = {name: observation.plaintext[name].value for name in case.values}
    assert values == case.values
    if case.state is State.TLS:
        served = {one.leaf.sha256 for one in observation.certificates}
        assert (served, observation.reason) == ({certificates.rsa.chain.sha256s[0]}, None)
        if case.injection is not None:
            assert observation.vulnerabilities["starttls_injection"].verdict is case.injection


async def test_mariadb_requests_a_client_certificate_and_accepts_none(
    started: Started, certificates: Certificates
) -> None:
    port = started.port(MARIADB, "on")
    observation = await _visit(MARIADB.host, port, "mysql", certificates)
    found = {
        version: (auth.mode, auth.verifies) for version, auth in observation.client_auth.items()
    }
    assert found == dict.fromkeys(
        (ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3),
        (ClientAuthMode.REQUESTED, Verdict.YES),
    )


async def test_a_visit_through_starttls_is_replayed_as_it_was(
    started: Started, certificates: Certificates
) -> None:
    port = started.port(POSTFIX, "on")
    settings = ProbeSettings(
        deadline_seconds=300.0, trust_stores={TRUST_STORE: certificates.root_file}
    )
    target = Target(host="127.0.0.1", port=port, server_name=SERVER_NAME, protocol="smtp")
    recorded = await record(Endpoint(target=target, address="127.0.0.1"), settings)
    (recording,) = from_lines(to_lines(recorded.recording))
    assert to_json(await replay(recording, settings)) == to_json(recorded.observation)
