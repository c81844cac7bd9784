"""Whatever the server does, an EndpointSession's questions end with the visit."""

from __future__ import annotations

import asyncio

import pytest

from model.clock import SystemClock
from model.protocol_version import ProtocolVersion
from pki.net_guard.politeness import Politeness
from probe.connect.options import NONCE_LENGTH, TransportOptions
from probe.connect.patience import Deadline
from probe.connect.pool import Connections
from probe.connect.session import EndpointSession
from probe.connect.starttls.peer import Peer
from probe.dialogue.answer import ConnectFailure, Ending, FailureKind, NoHello
from probe.dialogue.exchange import Exchange
from probe.dialogue.handshake import HandshakeEnd, HandshakeOffer
from probe.dialogue.offer import Shape, offer
from probe.visit.settings import ProbeSettings
from tests.probe.programmable import behaviours
from tests.probe.programmable.server import Behaviour, serve
from tests.probe.programmable.server_model import ServerModel
from tests.probe.programmable.visiting import visit

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 60.0
ATTEMPTS = 4
MODEL = ServerModel(cipher_suites={ProtocolVersion.TLSV1_2: (0xC02F, 0x009C)})
HELLO = offer(ProtocolVersion.TLSV1_2, (0xC02B,), Shape(server_name=None))


def session(
    port: int, settings: ProbeSettings, politeness: Politeness | None = None
) -> EndpointSession:
    options = TransportOptions(
        address=("127.0.0.1", port), peer=Peer(name="127.0.0.1"), nonce=bytes(NONCE_LENGTH)
    )
    return EndpointSession(options, settings, politeness or Politeness(settings), SystemClock())


async def ask(settings: ProbeSettings) -> Exchange:
    async with serve(behaviours.says_nothing) as server:
        return await session(server.port, settings).ask(HELLO)


async def test_silence_ends_with_the_answer_timeout() -> None:
    exchange = await ask(ProbeSettings(answer_timeout_seconds=0.05))
    assert exchange.answer == NoHello(ending=Ending.SILENCE)


async def test_silence_ends_with_the_visit() -> None:
    exchange = await ask(ProbeSettings(deadline_seconds=0.5))
    assert exchange.answer == NoHello(ending=Ending.SILENCE)


async def test_no_connection_is_opened_after_the_deadline() -> None:
    async with serve(behaviours.says_nothing) as server:
        late = session(server.port, ProbeSettings(deadline_seconds=0))
        exchange = await late.ask(HELLO)
        assert isinstance(exchange.answer, ConnectFailure)
        assert (exchange.answer.kind, server.connections) == (FailureKind.DEADLINE, 0)


async def test_waiting_for_a_slot_ends_with_the_visit() -> None:
    settings = ProbeSettings(deadline_seconds=0.2, connections_per_address=1)
    async with serve(behaviours.says_nothing) as server:
        politeness = Politeness(settings)
        async with politeness.connection(politeness.gate("127.0.0.1")):
            exchange = await session(server.port, settings, politeness).ask(HELLO)
    assert exchange.is_past_deadline


async def test_a_visit_whose_deadline_passes_during_a_request_ends() -> None:
    """Before the connecting task has begun at all."""
    settings = ProbeSettings()
    connections = Connections(
        ("127.0.0.1", 9), settings, Politeness(settings), Deadline(SystemClock(), 60)
    )

    async def ask_once() -> object:
        async with connections.next(is_chained=False) as dialled:
            return dialled

    asking = asyncio.create_task(ask_once())
    await asyncio.sleep(0)
    connections._expire()
    async with asyncio.timeout(PATIENCE_SECONDS):
        dialled = await asking
    assert isinstance(dialled, ConnectFailure)
    assert dialled.kind is FailureKind.DEADLINE
    await connections.close()


@pytest.mark.parametrize("is_chained", [True, False])
async def test_a_request_just_after_the_deadline_ends(*, is_chained: bool) -> None:
    """The timer of a visit may run a little before the end of its time: then a question may still follow."""
    settings = ProbeSettings(connections_per_address=1)
    politeness = Politeness(settings)
    connections = Connections(("127.0.0.1", 9), settings, politeness, Deadline(SystemClock(), 60))

    async def question(*, port: int | None = None) -> object:
        async with connections.next(is_chained=is_chained, port=port) as dialled:
            return dialled

    async with politeness.connection(politeness.gate("127.0.0.1")):
        early = [asyncio.create_task(question()) for _ in range(3)]
        await asyncio.sleep(0)
        connections._expire()
        async with asyncio.timeout(PATIENCE_SECONDS):
            dialled = await asyncio.gather(*early, question(), question(port=10))
    assert {one.kind for one in dialled if isinstance(one, ConnectFailure)} == {
        FailureKind.DEADLINE
    }
    await connections.close()


async def test_an_internal_error_while_dialling_reaches_the_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def broken(*_: object) -> ConnectFailure:
        raise RuntimeError("an internal error")

    monkeypatch.setattr("probe.connect.pool.reach", broken)
    async with asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(RuntimeError, match="internal error"):
            await session(9, ProbeSettings()).ask(HELLO)


@pytest.mark.parametrize(
    "behaviour",
    [
        behaviours.says_nothing,
        behaviours.sends_garbage,
        behaviours.sends_application_data,
        behaviours.resets_after_the_hello,
        behaviours.drips(MODEL, seconds_between_bytes=0.02),
        behaviours.silent_after(6, MODEL),
    ],
)
async def test_no_visit_exceeds_its_deadline_by_more_than_a_twentieth(
    behaviour: Behaviour,
) -> None:
    settings = ProbeSettings(deadline_seconds=2.0, answer_timeout_seconds=1.5)
    # A busy machine may delay one visit, but not every visit: only an internal error does that.
    for _ in range(ATTEMPTS):
        if await ends_in_time(behaviour, settings):
            return
    raise AssertionError(f"{ATTEMPTS} visits outlived their deadline")


async def ends_in_time(behaviour: Behaviour, settings: ProbeSettings) -> bool:
    """Whether a visit has ended when 1.05 times its deadline has passed.

    The same loop stops the time, so a delay of the loop does not count as a delay of the visit: the last
    twentieth takes ten turns of the loop, however busy the machine is.
    """

    async def stop_the_time() -> None:
        await asyncio.sleep(settings.deadline_seconds)
        for _ in range(10):
            await asyncio.sleep(0.005 * settings.deadline_seconds)

    async with serve(behaviour) as server, asyncio.TaskGroup() as beside:
        visiting = beside.create_task(visit(server.port, settings))
        running_through = beside.create_task(stop_the_time())
        await asyncio.wait({visiting, running_through}, return_when=asyncio.FIRST_COMPLETED)
        has_ended = visiting.done()
        running_through.cancel()
    return has_ended


async def test_a_handshake_with_silence_is_unfinished() -> None:
    async with serve(behaviours.says_nothing) as server:
        silent = session(server.port, ProbeSettings(answer_timeout_seconds=0.05))
        handshake = await silent.handshake(
            HandshakeOffer(version=ProtocolVersion.TLSV1_3, server_name=None)
        )
    assert (handshake.end, handshake.certificates) == (HandshakeEnd.UNFINISHED, ())
