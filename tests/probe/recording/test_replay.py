"""A recorded visit yields the same Observation without the server; ``tests/zoo`` replays every real one."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from model.application_protocol import AUTO
from model.encoding.observation_json import to_json
from model.observation import State
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from probe.checks.part import Part
from tests.probe.programmable.flawed import SECRET, heartbeat, rsa_server
from tests.probe.programmable.server import Behaviour, Connection, serve
from tests.probe.programmable.server_model import ServerModel
from tests.probe.programmable.visiting import THOROUGH
from tests.probe.recording.recorded import record, replay
from tests.probe.starttls.scripted_servers import smtp_before

pytestmark = pytest.mark.slow


def endpoint(port: int) -> Endpoint:
    target = Target(host="127.0.0.1", port=port, server_name="zoo.test")
    return Endpoint(target=target, address="127.0.0.1")


async def silent(connection: Connection) -> None:
    await connection.until_closed()


async def resetting(connection: Connection) -> None:
    await connection.receive()
    connection.reset()


async def half(connection: Connection) -> None:
    """A record whose claimed length exceeds its content."""
    await connection.receive()
    await connection.send(b"\x16\x03\x03\x00\x80\x02\x00")


@pytest.mark.parametrize("behaviour", [silent, resetting, half])
async def test_a_server_with_few_answers_is_replayed_with_the_same_facts(
    behaviour: Behaviour,
) -> None:
    async with serve(behaviour) as server:
        recorded = await record(endpoint(server.port), THOROUGH)
    again = await replay(recorded.recording, THOROUGH)
    assert to_json(again) == to_json(recorded.observation)


async def test_leaked_server_memory_is_not_recorded() -> None:
    async with serve(rsa_server(heartbeat(is_mended=False), extensions=((15, b"\x01"),))) as server:
        recorded = await record(endpoint(server.port), THOROUGH)
    heard = b"".join(b"".join(one.heard) for one in recorded.recording.conversations)
    assert 16 * SECRET not in heard
    again = await replay(recorded.recording, THOROUGH)
    assert again.vulnerabilities["heartbleed"] == recorded.observation.vulnerabilities["heartbleed"]


async def test_requests_that_were_not_recorded_stay_unknown_and_stop_nothing() -> None:
    async with serve(resetting) as server:
        recorded = await record(endpoint(server.port), THOROUGH)
    empty = type(recorded.recording)(
        tool_version="0",
        endpoint=recorded.recording.endpoint,
        started_at=recorded.recording.started_at,
        parts=recorded.recording.parts,
        intrusiveness=recorded.recording.intrusiveness,
        user_agent=recorded.recording.user_agent,
        nonce=bytes(64),
        conversations=(),
        handshakes=(),
        cost=recorded.recording.cost,
    )
    async with asyncio.timeout(5):
        again = await replay(empty, THOROUGH)
    assert not again.answered


async def test_a_protocol_detected_by_its_greeting_is_detected_again() -> None:
    model = ServerModel(cipher_suites={ProtocolVersion.TLSV1_2: (0xC02F, 0x009C)})
    settings = replace(THOROUGH, parts=frozenset({Part.VERSIONS, Part.SUITES}))
    async with serve(smtp_before(model)) as server:
        target = Target(host="127.0.0.1", port=server.port, server_name="zoo.test", protocol=AUTO)
        recorded = await record(Endpoint(target=target, address="127.0.0.1"), settings)
    assert recorded.observation.plaintext["application_protocol"].value == "smtp"
    assert recorded.observation.state is State.TLS
    again = await replay(recorded.recording, settings)
    assert to_json(again) == to_json(recorded.observation)
