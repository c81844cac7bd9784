"""A network in virtual time: bytes need half a round trip, and computing takes no time.

The time that passes on its loop is therefore the critical path of whatever runs there, in round trips. Servers are
in memory; a port without one refuses TCP, and its host answers UDP with an ICMP message.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, TypeVar, cast

from tests.probe.connect.one_at_a_time import Peer
from tests.scheduling.virtual_time import VirtualLoop

Result = TypeVar("Result")

ROUND_TRIP_SECONDS: Final = 0.125
"""Exact in binary, so that times add up to whole round trips."""

_ONE_WAY: Final = ROUND_TRIP_SECONDS / 2


class _Wire(asyncio.Transport):
    """The client's end of one connection."""

    def __init__(self, client: asyncio.Protocol, peer: Peer) -> None:
        super().__init__()
        self._client = client
        self._peer = peer
        self._loop = asyncio.get_running_loop()
        self._under_way: deque[Callable[[], None]] = deque()
        self._is_served = False
        self._is_closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._arrives(lambda: self._reach_server(bytes(data)))

    def abort(self) -> None:
        self._lose()

    def is_closing(self) -> bool:
        return self._is_closing

    def _arrives(self, action: Callable[[], None]) -> None:
        self._under_way.append(action)
        self._loop.call_later(_ONE_WAY, self._arrive)

    def _arrive(self) -> None:
        """Timers of one instant have no order, but what is under way on one connection has."""
        self._under_way.popleft()()

    def _reach_server(self, data: bytes) -> None:
        if self._is_served or self._is_closing:
            return
        answered = self._peer.answer(data)
        if answered:
            self._arrives(lambda: self._reach_client(answered))
        self._is_served = self._peer.is_over
        if self._is_served:
            self._arrives(self._lose)

    def _reach_client(self, data: bytes) -> None:
        if not self._is_closing:
            self._client.data_received(data)

    def _lose(self) -> None:
        if not self._is_closing:
            self._is_closing = True
            self._loop.call_soon(self._client.connection_lost, None)


class _Unheard(asyncio.DatagramTransport):
    """A UDP socket to a port on which nothing listens."""

    def __init__(self, client: asyncio.DatagramProtocol) -> None:
        super().__init__()
        self._client = client

    def sendto(self, data: Any, addr: Any = None) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(ROUND_TRIP_SECONDS, self._client.error_received, ConnectionRefusedError())

    def close(self) -> None:
        return


class NetworkLoop(VirtualLoop):
    """A loop in virtual time whose sockets lead to servers in memory; ``servers`` makes a Peer by port."""

    def __init__(self, servers: Mapping[int, Callable[[], Peer]]) -> None:
        super().__init__()
        self._servers = servers

    async def create_connection(self, protocol_factory: Any, *place: Any, **_: Any) -> Any:
        """A connection to a port of any host, after one round trip."""
        _host, port = place
        await asyncio.sleep(ROUND_TRIP_SECONDS)
        server = self._servers.get(port)
        if server is None:
            raise ConnectionRefusedError
        client = cast(asyncio.Protocol, protocol_factory())
        wire = _Wire(client, server())
        client.connection_made(wire)
        return wire, client

    async def create_datagram_endpoint(self, protocol_factory: Any, *_: Any, **__: Any) -> Any:
        """A UDP socket, at once."""
        client = cast(asyncio.DatagramProtocol, protocol_factory())
        transport = _Unheard(client)
        client.connection_made(transport)
        return transport, client


async def _timed(scenario: Coroutine[Any, Any, Result]) -> tuple[Result, float]:
    loop = asyncio.get_running_loop()
    began = loop.time()
    result = await scenario
    return result, (loop.time() - began) / ROUND_TRIP_SECONDS


def count_round_trips(
    servers: Mapping[int, Callable[[], Peer]], scenario: Coroutine[Any, Any, Result]
) -> tuple[Result, float]:
    """The scenario's result, and the round trips that one after the other it waited for."""
    with asyncio.Runner(loop_factory=lambda: NetworkLoop(servers)) as runner:
        return runner.run(_timed(scenario))
