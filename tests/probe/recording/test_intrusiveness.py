"""What is sent at each intrusiveness level, read from recordings of whole conversations."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from model.clock import SystemClock
from model.differences import differences
from model.encoding.observation_json import from_json, to_json
from model.intrusiveness import Intrusiveness
from model.target import Endpoint, Target
from model.version import user_agent
from probe.checks.catalogue import STAGES
from probe.dialogue.handshake import PostHandshakeAction, Presented
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.probe.programmable.flawed import heartbeat, rsa_server
from tests.probe.programmable.server import serve
from tests.probe.programmable.visiting import THOROUGH
from tests.probe.recording.recorded import Recorded, record
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import Certificates

pytestmark = pytest.mark.slow

HANDSHAKE_RECORD, SSLV2_HELLO = 0x16, 0x80
ATTACKS = {
    "ccs_injection", "client_renegotiation", "client_renegotiation_dos", "heartbleed", "poodle_tls",
    "robot", "starttls_injection", "insecure_renegotiation",
}  # fmt: skip
"""What the specification of intrusiveness forbids at the level standard."""

OF_ATTACKS = {
    PostHandshakeAction.RENEGOTIATION,
    PostHandshakeAction.SPOILED_PADDING,
    PostHandshakeAction.SPOILED_MAC,
}
OF_HTTP = {PostHandshakeAction.HTTP, PostHandshakeAction.HTTP_HEAD}
FORGED = {Presented.SELF_SIGNED, Presented.IMPOSTOR}
FLAWED = rsa_server(heartbeat(is_mended=False), extensions=((15, b"\x01"),))
CONTACT = "https://scans.example/why"


def at(level: Intrusiveness, port: int, **labels: str) -> tuple[Endpoint, ProbeSettings]:
    target = Target(host="127.0.0.1", port=port, server_name="zoo.test", labels=labels)
    settings = replace(THOROUGH, intrusiveness=level, user_agent=user_agent(CONTACT))
    return Endpoint(target=target, address="127.0.0.1"), settings


def sent_after_the_hello(recorded: Recorded) -> Iterator[bytes]:
    """What a connection sent after its first message: for a hello alone, nothing."""
    for conversation in recorded.recording.conversations:
        yield from conversation.said[1:]


def test_every_check_declares_the_level_that_its_facts_have() -> None:
    levels = {
        fact: check.level for stage in STAGES for check in stage.checks for fact in check.facts
    }
    assert {fact for fact, level in levels.items() if level is Intrusiveness.FULL} == ATTACKS


@pytest.mark.integration
@pytest.mark.parametrize("name", ["nginx-verify-client-optional", "openssl-static-rsa-only"])
async def test_real_servers_are_probed_no_more_than_the_level_allows(
    name: str, certificates: Certificates, tmp_path: Path
) -> None:
    (server,) = [one for one in SERVERS if one.name == name]
    seen: dict[Intrusiveness, Recorded] = {}
    with server.start(certificates, tmp_path) as port:
        for level in Intrusiveness:
            seen[level] = await record(*at(level, port, http="yes"))
    for level in (Intrusiveness.SAFE, Intrusiveness.STANDARD):
        offers = [one.outcome.offer for one in seen[level].recording.handshakes]
        assert not [one for one in offers if one.post_handshake in OF_ATTACKS]
        assert not list(sent_after_the_hello(seen[level]))
        assert seen[level].observation.not_asked
    safe = seen[Intrusiveness.SAFE].recording
    assert not [one for one in safe.handshakes if one.outcome.offer.post_handshake in OF_HTTP]
    assert not [one for one in safe.handshakes if one.outcome.offer.presents in FORGED]
    firsts = [one.said[0][0] for one in safe.conversations if one.said]
    assert set(firsts) <= {HANDSHAKE_RECORD, SSLV2_HELLO}
    requests = [
        one.outcome.offer.user_agent
        for one in seen[Intrusiveness.STANDARD].recording.handshakes
        if one.outcome.offer.post_handshake in OF_HTTP
    ]
    assert requests
    assert set(requests) == {f"{user_agent()} (+{CONTACT})"}
    assert not seen[Intrusiveness.FULL].observation.not_asked
    costs = [seen[level].observation.cost.connections for level in Intrusiveness]
    assert costs == sorted(costs)


async def test_an_unprobed_fact_is_neither_a_verdict_nor_a_change() -> None:
    async with serve(FLAWED) as server:
        full = (await record(*at(Intrusiveness.FULL, server.port))).observation
        standard = (await record(*at(Intrusiveness.STANDARD, server.port))).observation
    assert full.vulnerabilities["heartbleed"].verdict == "yes"
    assert "heartbleed" not in standard.vulnerabilities
    assert standard.not_asked["heartbleed"] is Intrusiveness.FULL
    assert not [one for one in differences(full, standard) if "heartbleed" in one.fact]
    assert not [one for one in differences(standard, full) if "heartbleed" in one.fact]
    assert from_json(to_json(standard)).not_asked == standard.not_asked


async def test_a_label_sets_the_level_and_a_wrong_one_is_reported() -> None:
    async with serve(FLAWED) as server:
        raised, settings = at(Intrusiveness.SAFE, server.port, intrusiveness="full")
        seen = await Engine(settings, SystemClock()).visit(raised)
        assert seen.vulnerabilities["heartbleed"].verdict == "yes"
        lowered, settings = at(Intrusiveness.FULL, server.port, intrusiveness="safe")
        seen = await Engine(settings, SystemClock()).visit(lowered)
        assert "heartbleed" in seen.not_asked
        connections = server.connections
        wrong, settings = at(Intrusiveness.FULL, server.port, intrusiveness="gentle")
        seen = await Engine(settings, SystemClock()).visit(wrong)
        assert "must be safe, standard or full" in (seen.reason or "")
        assert server.connections == connections
