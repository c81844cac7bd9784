"""Whatever the server does, a Line's questions end with the visit."""

from __future__ import annotations

from model.protocol_version import ProtocolVersion
from probe.clock import SystemClock
from probe.connect.line import Line
from probe.connect.politeness import Politeness
from probe.settings import ProbeSettings
from probe.tls.answer import Ending, NoConnection, NoHello, Obstacle
from probe.tls.exchange import Exchange
from probe.tls.handshake import HandshakeEnd, HandshakeOffer
from probe.tls.offer import Shape, offer
from tests.programmable import behaviours
from tests.programmable.server import serve

HELLO = offer(ProtocolVersion.TLSV1_2, (0xC02B,), Shape(server_name=None))


def line(port: int, settings: ProbeSettings, politeness: Politeness | None = None) -> Line:
    return Line(
        ("127.0.0.1", port),
        settings,
        politeness or Politeness(settings),
        SystemClock(),
        nonce=bytes(64),
    )


async def ask(settings: ProbeSettings) -> Exchange:
    async with serve(behaviours.says_nothing) as server:
        return await line(server.port, settings).ask(HELLO)


async def test_silence_ends_with_the_answer_timeout() -> None:
    exchange = await ask(ProbeSettings(answer_timeout_seconds=0.05))
    assert exchange.answer == NoHello(ending=Ending.SILENCE)


async def test_silence_ends_with_the_visit() -> None:
    exchange = await ask(ProbeSettings(deadline_seconds=0.05))
    assert exchange.answer == NoHello(ending=Ending.SILENCE)


async def test_nothing_is_dialled_past_the_deadline() -> None:
    async with serve(behaviours.says_nothing) as server:
        late = line(server.port, ProbeSettings(deadline_seconds=0))
        exchange = await late.ask(HELLO)
        assert isinstance(exchange.answer, NoConnection)
        assert (exchange.answer.obstacle, server.connections) == (Obstacle.DEADLINE, 0)


async def test_waiting_for_a_place_ends_with_the_visit() -> None:
    settings = ProbeSettings(deadline_seconds=0.2, connections_per_address=1)
    async with serve(behaviours.says_nothing) as server:
        politeness = Politeness(settings)
        async with politeness.connection(politeness.gate("127.0.0.1")):
            exchange = await line(server.port, settings, politeness).ask(HELLO)
    assert exchange.is_past_deadline


async def test_a_handshake_with_silence_is_unfinished() -> None:
    async with serve(behaviours.says_nothing) as server:
        silent = line(server.port, ProbeSettings(answer_timeout_seconds=0.05))
        handshake = await silent.handshake(
            HandshakeOffer(version=ProtocolVersion.TLSV1_3, server_name=None)
        )
    assert (handshake.end, handshake.certificates) == (HandshakeEnd.UNFINISHED, ())
