"""Servers that are silent, broken or hostile, and networks that lose packets: nothing is concluded from them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Final, cast

import pytest

from model.clock import SystemClock
from model.observation import Observation, State
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Verdict
from pki.net_guard.politeness import Politeness
from probe.checks.part import Part
from probe.checks.plaintext.control_channel import CONTROL_CHANNEL
from probe.connect.options import NONCE_LENGTH, TransportOptions
from probe.connect.session import EndpointSession
from probe.connect.starttls.application import application
from probe.connect.starttls.peer import Peer
from probe.dialogue.answer import ServerFlight
from probe.dialogue.offer import Shape, offer
from probe.openvpn.packet import ControlPacket, Opcode, with_length
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.probe.openvpn.servers import UDP, openvpn
from tests.zoo.certificates import Certificates

THEIRS: Final = b"scripted"
HURRIED: Final = ProbeSettings(
    greeting_timeout_seconds=0.3,
    answer_timeout_seconds=0.5,
    deadline_seconds=3.0,
    parts=frozenset({Part.VERSIONS, Part.PLAINTEXT}),
)
Says = Callable[[bytes], Iterator[bytes]]
"""What a server sends in answer to one packet of the client."""


def reset_to(packet: bytes) -> bytes:
    client = ControlPacket.decode(packet)
    return ControlPacket(
        opcode=Opcode.HARD_RESET_SERVER_V2,
        session_id=THEIRS,
        acks=(0,),
        remote_session_id=client.session_id,
        packet_id=0,
    ).encode()


def after_the_reset(*answers: bytes) -> Says:
    def says(packet: bytes) -> Iterator[bytes]:
        is_reset = packet[0] >> 3 == Opcode.HARD_RESET_CLIENT_V2
        yield from (reset_to(packet),) if is_reset else answers

    return says


def instead(*answers: bytes) -> Says:
    return lambda _: iter(answers)


def control(number: int, payload: bytes = b"") -> bytes:
    return ControlPacket(
        opcode=Opcode.CONTROL, session_id=THEIRS, packet_id=number, payload=payload
    ).encode()


ACK: Final = ControlPacket(opcode=Opcode.ACK, session_id=THEIRS).encode()

SERVERS: Final[dict[str, Says]] = {
    "silence": instead(),
    "garbage": instead(b"\xff" * 100),
    "http": instead(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "ssh": instead(b"SSH-2.0-x\r\n"),
    "tls alert": instead(b"\x15\x03\x01\x00\x02\x02\x28"),
    "its own reset": lambda packet: iter((packet,)),
    "reset for another client": lambda packet: iter((reset_to(packet[:1] + bytes(13)),)),
    "silence after the reset": after_the_reset(),
    "garbage after the reset": after_the_reset(b"\xff" * 100),
    "endless acks": after_the_reset(*([ACK] * 300)),
    "empty packets": after_the_reset(*(control(number) for number in range(1, 300))),
    "late packets": after_the_reset(*(control(number, b"x") for number in range(100, 200))),
    "not TLS inside": after_the_reset(control(1, b"HTTP/1.1 400 Bad Request\r\n\r\n")),
}


@asynccontextmanager
async def over_tcp(says: Says) -> AsyncIterator[int]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                packet = await reader.readexactly(
                    int.from_bytes(await reader.readexactly(2), "big")
                )
                writer.writelines(
                    with_length(one) if one[:1] >= b"\x20" and is_ours(one) else one
                    for one in says(packet)
                )
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def is_ours(packet: bytes) -> bool:
    """Whether it is a packet of OpenVPN, which TCP carries with its length."""
    return packet[1:9] == THEIRS or packet[0] >> 3 == Opcode.HARD_RESET_CLIENT_V2


class _Answering(asyncio.DatagramProtocol):
    def __init__(self, says: Says) -> None:
        self._says = says
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        assert self._transport is not None
        for answer in self._says(data):
            self._transport.sendto(answer, addr)


@asynccontextmanager
async def over_udp(says: Says) -> AsyncIterator[int]:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Answering(says), local_addr=("127.0.0.1", 0)
    )
    try:
        yield transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


def nothing_is_concluded(seen: Observation) -> None:
    verdicts = {fact.verdict for fact in seen.protocols.values()}
    assert verdicts <= {Verdict.UNKNOWN}
    assert seen.state in {State.TIMEOUT, State.NOT_TLS, State.REFUSED, State.PLAINTEXT}
    assert seen.reason
    assert seen.cost.connections <= 30
    fact = seen.plaintext[CONTROL_CHANNEL]
    assert fact.verdict is not Verdict.YES


async def visit(port: int, protocol: str) -> Observation:
    target = Target(host="127.0.0.1", port=port, server_name=None, protocol=protocol)
    endpoint = Endpoint(target=target, address="127.0.0.1")
    return await Engine(HURRIED, SystemClock()).visit(endpoint)


@pytest.mark.parametrize("name", SERVERS)
async def test_nothing_is_concluded_from_a_broken_server_over_tcp(name: str) -> None:
    async with over_tcp(SERVERS[name]) as port:
        seen = await visit(port, "openvpn")
    nothing_is_concluded(seen)
    is_answered = seen.plaintext[CONTROL_CHANNEL].verdict is Verdict.NO
    assert is_answered is (
        name in {"not TLS inside", "endless acks", "empty packets", "late packets"}
        or "after" in name
    )


@pytest.mark.parametrize(
    "name", ["silence", "garbage", "its own reset", "endless acks", "late packets"]
)
async def test_nothing_is_concluded_from_a_broken_server_over_udp(name: str) -> None:
    async with over_udp(SERVERS[name]) as port:
        seen = await visit(port, "openvpn-udp")
    nothing_is_concluded(seen)


async def test_an_address_that_does_not_answer_gets_three_small_packets_a_connection() -> None:
    heard: list[bytes] = []

    def says(packet: bytes) -> Iterator[bytes]:
        heard.append(packet)
        return iter(())

    async with over_udp(says) as port:
        seen = await visit(port, "openvpn-udp")
    assert {len(packet) for packet in heard} == {14}
    assert len(heard) <= 3 * seen.cost.connections


class _LossyNetwork:
    """Between a client and a server: it loses each fourth packet, doubles each third, and delays each fifth."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._delayed: list[Callable[[], None]] = []

    def carry(self, send: Callable[[], None]) -> None:
        number = next(self._numbers)
        if number % 4 == 0:
            return
        if number % 5 == 0:
            self._delayed.append(send)
            return
        send()
        if number % 3 == 0:
            send()
        while self._delayed:
            self._delayed.pop()()


class _ToServer(asyncio.DatagramProtocol):
    def __init__(self, hear: Callable[[bytes], None]) -> None:
        self._hear = hear

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._hear(data)


class _Relay(asyncio.DatagramProtocol):
    """One socket to the server for each client."""

    def __init__(self, server_port: int) -> None:
        self._server = ("127.0.0.1", server_port)
        self._network = _LossyNetwork()
        self._clients: dict[tuple[str, int], asyncio.Task[asyncio.DatagramTransport]] = {}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._own = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if addr not in self._clients:
            self._clients[addr] = asyncio.create_task(self._open(addr))
        self._clients[addr].add_done_callback(
            lambda opened: self._network.carry(lambda: opened.result().sendto(data))
        )

    async def _open(self, client: tuple[str, int]) -> asyncio.DatagramTransport:
        def hear(data: bytes) -> None:
            self._network.carry(lambda: self._own.sendto(data, client))

        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _ToServer(hear), remote_addr=self._server
        )
        return transport

    async def close(self) -> None:
        for opened in self._clients.values():
            (await opened).close()
        self._own.close()


@pytest.mark.integration
async def test_a_lossy_network_changes_no_fact(certificates: Certificates, tmp_path: Path) -> None:
    asked = offer(ProtocolVersion.TLSV1_2, (0xC02B, 0xC02C), Shape(server_name=None))
    settings = ProbeSettings(deadline_seconds=60.0, answer_timeout_seconds=30.0)
    loop = asyncio.get_running_loop()
    with openvpn(certificates, tmp_path, UDP, "tls-timeout 1") as server_port:
        _, relay = await loop.create_datagram_endpoint(
            lambda: _Relay(server_port), local_addr=("127.0.0.1", 0)
        )
        options = TransportOptions(
            address=("127.0.0.1", relay._own.get_extra_info("sockname")[1]),
            peer=Peer(name="127.0.0.1"),
            nonce=bytes(NONCE_LENGTH),
            application=application("openvpn-udp"),
        )
        session = EndpointSession(options, settings, Politeness(settings), SystemClock())
        answers = [(await session.ask(asked, patient=True)).answer for _ in range(3)]
        await session.close()
        await relay.close()
    for answer in answers:
        assert isinstance(answer, ServerFlight)
        assert answer.is_complete
        assert len(answer.certificates or ()) == 2
