"""A server that serves one client at a time, a second each, is learned within the usual deadline."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import pytest

from model.intrusiveness import Intrusiveness
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict
from pki.net_guard.politeness import Politeness
from probe.checks.part import Part
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.checks.visit_inputs import VisitInputs
from probe.connect.options import NONCE_LENGTH, TransportOptions
from probe.connect.session import EndpointSession
from probe.connect.starttls.peer import Peer as Named
from probe.visit.settings import ProbeSettings
from probe.visit.stages import run_stages
from tests.probe.connect.one_at_a_time import (
    OneAtATime,
    Peer,
    Sslv2Peer,
    TlsPeer,
    every_dial_reaches,
)
from tests.probe.programmable import wire
from tests.probe.starttls.scripted_servers import tls_context
from tests.scheduling.virtual_time import LoopClock, run_virtually
from tests.zoo.certificates import Certificates
from tests.zoo.truth import SERVER_NAME

pytestmark = pytest.mark.slow

CORE: Final = frozenset({Part.VERSIONS, Part.SUITES, Part.GROUPS, Part.CERTIFICATES})
SSLV2, TLSV1_2, TLSV1_3 = (
    ProtocolVersion.SSLV2,
    ProtocolVersion.TLSV1_2,
    ProtocolVersion.TLSV1_3,
)


async def learned(
    peer: Callable[[], Peer], hold_seconds: float, parts: frozenset[Part] = CORE
) -> VisitFacts:
    """The facts of one visit with the usual limits."""
    # The rate is measured in real time, which hardly passes here.
    settings = ProbeSettings(connections_per_second=1_000_000)
    session = EndpointSession(
        TransportOptions(
            address=("127.0.0.1", 443), peer=Named(name=SERVER_NAME), nonce=bytes(NONCE_LENGTH)
        ),
        settings,
        Politeness(settings),
        LoopClock(),
    )
    facts = VisitFacts(inputs=VisitInputs(server_name=SERVER_NAME))
    server = OneAtATime(peer, hold_seconds)
    with every_dial_reaches(server):
        faults = await run_stages(Prober(session), facts, Intrusiveness.FULL, parts, lambda _: None)
        await session.close()
    assert faults == []
    return facts


def verdicts(facts: VisitFacts) -> dict[ProtocolVersion, Verdict]:
    return {version: fact.verdict for version, fact in facts.protocols.items()}


def test_ssl_2_0_alone_is_learned_in_full() -> None:
    facts = run_virtually(learned(Sslv2Peer, 1.0))
    spoken = {version for version, verdict in verdicts(facts).items() if verdict is Verdict.YES}
    assert spoken == {SSLV2}
    assert set(verdicts(facts).values()) == {Verdict.YES, Verdict.NO}
    assert facts.cipher_suites[SSLV2].complete
    assert [one.chain for one in facts.chains] == [(wire.self_signed_certificate(),)]
    assert [one.versions for one in facts.chains] == [(SSLV2,)]


def test_ssl_2_0_is_learned_before_the_deadline_even_if_other_hellos_take_all_of_it() -> None:
    facts = run_virtually(learned(Sslv2Peer, 3.0))
    assert verdicts(facts)[SSLV2] is Verdict.YES
    assert [one.chain for one in facts.chains] == [(wire.self_signed_certificate(),)]
    assert Verdict.YES not in {
        verdict for version, verdict in verdicts(facts).items() if version is not SSLV2
    }


@pytest.mark.parametrize("hold_seconds", [0.3, 1.0])
def test_tls_is_learned_in_full(hold_seconds: float, certificates: Certificates) -> None:
    context = tls_context(certificates)
    context.set_ciphers("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384")
    facts = run_virtually(learned(lambda: TlsPeer(context), hold_seconds))
    assert verdicts(facts) == {
        version: Verdict.YES if version in {TLSV1_2, TLSV1_3} else Verdict.NO
        for version in ProtocolVersion
        if version in facts.protocols
    }
    assert len(facts.protocols) == 6
    assert all(found.complete for found in facts.cipher_suites.values())
    assert set(facts.cipher_suites[TLSV1_2].accepted) == {
        "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    }
    assert {version for one in facts.chains for version in one.versions} == {TLSV1_2, TLSV1_3}
