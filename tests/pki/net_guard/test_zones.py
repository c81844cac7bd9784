"""Sockets to addresses with a zone, in the event loops that tlsprobe uses; the zone is the loopback interface."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest
import uvloop

from pki.net_guard.gate import SocketGate
from pki.net_guard.look_up import address_in
from pki.net_guard.opening import open_tcp, open_udp
from pki.net_guard.zones import connect_in_zone, zone_of

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]


def run(
    make_loop: Callable[[], asyncio.AbstractEventLoop], work: Callable[[], Awaitable[None]]
) -> None:
    with asyncio.Runner(loop_factory=make_loop) as runner:
        runner.run(_awaited(work))


async def _awaited(work: Callable[[], Awaitable[None]]) -> None:
    await work()


@pytest.mark.parametrize("make_loop", LOOPS)
def test_a_connection_in_a_zone(make_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def work() -> None:
        with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
            place = ("::1%lo", server.getsockname()[1])
            transport, _ = await open_tcp(SocketGate(), asyncio.Protocol, place)
            transport.write(b"hello")
            accepted, _ = await asyncio.to_thread(server.accept)
            with accepted:
                assert await asyncio.to_thread(accepted.recv, 5) == b"hello"
            transport.close()

    run(make_loop, work)


@pytest.mark.parametrize("make_loop", LOOPS)
def test_packets_in_a_zone(make_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def work() -> None:
        heard: asyncio.Queue[bytes] = asyncio.Queue()

        class Listener(asyncio.DatagramProtocol):
            def datagram_received(self, data: bytes, addr: object) -> None:
                heard.put_nowait(data)

        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as server:
            server.bind(("::1", 0))
            place = ("::1%1", server.getsockname()[1])
            transport, _ = await open_udp(SocketGate(), Listener, place)
            transport.sendto(b"hello")
            data, peer = await asyncio.to_thread(server.recvfrom, 5)
            server.sendto(data, peer)
            assert await heard.get() == b"hello"
            transport.close()

    run(make_loop, work)


@pytest.mark.parametrize("make_loop", LOOPS)
@pytest.mark.parametrize("zone", ["nosuch", "4294967295", "99999999999999999999", "a" * 40])
def test_an_interface_that_does_not_exist_is_an_error(
    make_loop: Callable[[], asyncio.AbstractEventLoop], zone: str
) -> None:
    async def work() -> None:
        with pytest.raises(OSError, match="no network interface"):
            await open_tcp(SocketGate(), asyncio.Protocol, (f"fe80::1%{zone}", 1))
        with pytest.raises(OSError, match="no network interface"):
            await open_udp(SocketGate(), asyncio.DatagramProtocol, (f"fe80::1%{zone}", 1))

    run(make_loop, work)


async def test_a_port_that_refuses_is_an_error() -> None:
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        await connect_in_zone(("::1%lo", port), None)


def test_an_address_keeps_the_interface_that_a_look_up_names() -> None:
    assert address_in(("fe80::1", 443, 0, 1)) == "fe80::1%lo"
    assert address_in(("fe80::1%lo", 443, 0, 1)) == "fe80::1%lo"
    assert address_in(("2001:db8::1", 443, 0, 0)) == "2001:db8::1"
    assert address_in(("192.0.2.1", 443)) == "192.0.2.1"
    assert address_in(("fe80::1", 443, 0, 4_000_000)) == "fe80::1%4000000"
    assert (zone_of("fe80::1%eth0"), zone_of("::1")) == ("eth0", "")
