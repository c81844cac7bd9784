"""How long and how large is a visit to an nginx with two versions, nine suites and two certificates?

Its length is counted in round trips one after the other, those of TCP included, so it is the same on any machine.
"""

from __future__ import annotations

import asyncio
from typing import Final

import pytest

from model.intrusiveness import Intrusiveness
from model.protocol_version import ProtocolVersion
from model.target import Target
from model.verdict import Verdict
from pki.net_guard.politeness import Politeness
from probe.budget import Metered
from probe.checks.part import USUAL_PARTS, Part
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.connect.options import NONCE_LENGTH, TransportOptions
from probe.connect.session import EndpointSession
from probe.connect.starttls.application import application
from probe.connect.starttls.peer import Peer
from probe.visit.settings import ProbeSettings
from probe.visit.stages import run_stages
from probe.visit.target_options import visit_inputs
from tests.probe.round_trips.network import count_round_trips
from tests.probe.round_trips.nginx_in_memory import NginxPeer, nginx_context
from tests.scheduling.virtual_time import LoopClock
from tests.zoo.certificates import Certificates
from tests.zoo.truth import SERVER_NAME

# The even rate of the process is measured in real time, which hardly passes here.
SERVICE: Final = ProbeSettings(connections_per_second=1_000_000)
A_SCAN: Final = ProbeSettings().for_a_waiting_user()

SMALLEST: Final = frozenset({Part.VERSIONS, Part.SUITES, Part.CERTIFICATES})
CORE: Final = SMALLEST | {Part.GROUPS, Part.CLIENT_AUTH}

SUITES: Final = frozenset(
    f"TLS_ECDHE_{key}_WITH_{cipher}"
    for key in ("ECDSA", "RSA")
    for cipher in ("AES_128_GCM_SHA256", "AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256")
)
"""RFC 5289 and RFC 7905, as the server is configured."""

TARGET: Final = Target(host=SERVER_NAME, port=443, server_name=SERVER_NAME)
OPTIONS: Final = TransportOptions(
    address=("127.0.0.1", TARGET.port),
    peer=Peer(name=SERVER_NAME),
    nonce=bytes(NONCE_LENGTH),
    application=application("tls"),
)


async def visit(parts: frozenset[Part], settings: ProbeSettings) -> tuple[VisitFacts, int]:
    """The facts of one visit, and the connections that it made."""
    session = EndpointSession(OPTIONS, settings, Politeness(settings), LoopClock())
    found = await session.find_application()
    facts = VisitFacts(inputs=visit_inputs(TARGET, found, OPTIONS, "tlsprobe"))
    stages = run_stages(Prober(session), facts, Intrusiveness.FULL, parts, lambda _: None)
    assert await Metered(session.budget, stages) == []
    await session.close()
    return facts, session.budget.connections


@pytest.mark.parametrize(
    ("parts", "settings", "most_round_trips", "most_connections"),
    [
        pytest.param(SMALLEST, A_SCAN, 9, 19, id="suites and chains, a scan"),
        pytest.param(SMALLEST, SERVICE, 10, 19, id="suites and chains, the service"),
        pytest.param(CORE, A_SCAN, 10, 36, id="core, a scan"),
        pytest.param(CORE, SERVICE, 18, 34, id="core, the service"),
        pytest.param(USUAL_PARTS, A_SCAN, 22, 65, id="everything, a scan"),
        pytest.param(USUAL_PARTS, SERVICE, 39, 65, id="everything, the service"),
    ],
)
def test_a_visit_is_short_and_small(
    parts: frozenset[Part],
    settings: ProbeSettings,
    most_round_trips: int,
    most_connections: int,
    certificates: Certificates,
) -> None:
    context = nginx_context(certificates)
    servers = {TARGET.port: lambda: NginxPeer(context)}
    (facts, connections), round_trips = count_round_trips(servers, visit(parts, settings))
    assert (round_trips <= most_round_trips, connections <= most_connections) == (True, True), (
        f"{round_trips:g} round trips, {connections} connections"
    )
    assert set(facts.cipher_suites[ProtocolVersion.TLSV1_2].accepted) == SUITES
    assert len(facts.cipher_suites[ProtocolVersion.TLSV1_3].accepted) == 3
    assert all(found.complete for found in (*facts.cipher_suites.values(), *facts.groups.values()))
    assert {len(chain.versions) for chain in facts.chains} == {2}
    named = (*facts.features.values(), *facts.vulnerabilities.values(), *facts.http.values())
    assert Verdict.UNKNOWN not in {fact.verdict for fact in named}


def test_the_work_of_a_thread_takes_no_time() -> None:
    """The clock jumps to the next timer when the loop has nothing to do, and must not do so while a thread works."""

    async def scenario() -> bool:
        timer = asyncio.create_task(asyncio.sleep(5.0))
        await asyncio.to_thread(sum, (1, 2))
        return timer.done()

    assert count_round_trips({}, scenario()) == (False, 0.0)
