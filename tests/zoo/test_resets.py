"""A server that refuses by a reset, as Windows' http.sys does, is learned in full; a reset for everything proves
nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from model.observation import Mode, Observation, State
from model.protocol_version import STREAM_VERSIONS, ProtocolVersion
from model.verdict import Verdict
from probe.checks.part import USUAL_PARTS, Part
from tests.probe.programmable import wire
from tests.probe.programmable.client_hello import ClientHello
from tests.probe.programmable.front import Rule, in_front_of
from tests.probe.programmable.server import Connection, serve
from tests.probe.programmable.server_model import Reply, Then
from tests.probe.programmable.visiting import THOROUGH, visit_server
from tests.zoo.certificates import Certificates
from tests.zoo.openssl_servers import SServer
from tests.zoo.visit import visit_port

YES, NO, UNKNOWN = Verdict.YES, Verdict.NO, Verdict.UNKNOWN
RESET: Final = Reply(then=Then.RESET)
TLS12_SUITES: Final = {0xC030, 0xC02F}
TLS13_SUITES: Final = {0x1301, 0x1302, 0x1303}
SERVER: Final = SServer(
    name="openssl-two-suites",
    options=("-no_tls1", "-no_tls1_1"),
    ciphers="ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256",
)


def resets_refusals(hello: ClientHello) -> Reply | None:
    """Where this server would send an alert for its version or suites, a reset comes."""
    offered = set(hello.cipher_suites)
    if wire.TLSV1_3 in hello.versions:
        return None if offered & TLS13_SUITES else RESET
    return None if wire.TLSV1_2 in hello.versions and offered & TLS12_SUITES else RESET


async def seen_through(
    rule: Rule, certificates: Certificates, directory: Path, parts: frozenset[Part] = USUAL_PARTS
) -> Observation:
    with SERVER.start(certificates, directory) as port:
        async with serve(in_front_of(port, rule, to_others=RESET)) as front:
            return await visit_port(front.port, certificates, parts)


@pytest.mark.integration
async def test_a_reset_refuses_once_it_came_twice_between_good_controls(
    certificates: Certificates, tmp_path: Path
) -> None:
    seen = await seen_through(resets_refusals, certificates, tmp_path)
    spoken = {ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3}
    assert {version: fact.verdict for version, fact in seen.protocols.items()} == {
        version: YES if version in spoken else NO for version in STREAM_VERSIONS
    }
    assert all(seen.cipher_suites[version].complete for version in spoken)
    assert not [name for name, fact in seen.vulnerabilities.items() if fact.verdict is UNKNOWN]
    for version in set(STREAM_VERSIONS) - spoken:
        proof = seen.protocols[version].evidence
        assert proof is not None
        assert proof.note == (
            "reset without an answer, twice, between known good hellos that were answered: "
            "counts as a refusal"
        )


@pytest.mark.integration
async def test_a_verification_takes_the_same_resets_for_the_same_refusals(
    certificates: Certificates, tmp_path: Path
) -> None:
    with SERVER.start(certificates, tmp_path) as port:
        async with serve(in_front_of(port, resets_refusals, to_others=RESET)) as front:
            first = await visit_port(front.port, certificates)
            second = await visit_port(front.port, certificates, known=first)
    assert second.mode is Mode.VERIFY
    assert second.cost.connections <= 2 * 2 + 6


async def test_a_reset_for_every_hello_proves_nothing() -> None:
    async def behave(connection: Connection) -> None:
        await connection.receive()
        connection.reset()

    observation = await visit_server(behave, THOROUGH)
    assert observation.state is State.REFUSED
    assert {fact.verdict for fact in observation.protocols.values()} == {UNKNOWN}


@pytest.mark.integration
async def test_a_reset_that_comes_for_the_control_too_proves_nothing(
    certificates: Certificates, tmp_path: Path
) -> None:
    """A limit: from the first refusal on, every connection is reset."""
    resetting = False

    def rule(hello: ClientHello) -> Reply | None:
        nonlocal resetting
        resetting = resetting or resets_refusals(hello) is not None
        return RESET if resetting else None

    parts = frozenset({Part.VERSIONS, Part.SUITES})
    seen = await seen_through(rule, certificates, tmp_path, parts)
    assert NO not in {fact.verdict for fact in seen.protocols.values()}
    assert not any(found.complete for found in seen.cipher_suites.values())
