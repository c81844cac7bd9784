"""How many connections at once, and how fast: per address, host name, network, and for the whole process.

An address that resets, refuses or falls silent after it has answered gets half its share and
never again quite as much in the same visit; the rest comes back slowly (additive increase,
multiplicative decrease, as in RFC 5681).
"""

from __future__ import annotations

import asyncio
import copy
import ipaddress
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from weakref import WeakValueDictionary

from asyncio_throttle import Throttler

from model.target import is_ip_address

_PREFIX_LENGTHS: Final = {4: 24, 6: 48}
_PERIOD_SECONDS: Final = 0.05
_PERIODS_PER_SECOND: Final = 20
_RECOVERY: Final = 0.125
"""How much of a connection each good answer gives back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """How many connections are open at once, and how many begin each second.

    ``connections_per_address`` are open at once to one IP address, and ``connections_per_address_per_second``
    begin there each second; ``connections_per_host`` are open to all addresses of one name, and
    ``connections_per_network`` to one /24 or /48. ``connections_open`` and ``connections_per_second`` hold for
    all visits together.
    """

    connections_per_address: int = 4
    connections_per_address_per_second: int = 50
    connections_per_host: int = 16
    connections_per_network: int = 256
    connections_open: int = 1024
    connections_per_second: int = 200


class AddressGate:
    """The share of one IP address: so many connections at once, fewer after trouble.

    At most ``per_second`` new ones begin in any second.
    ``network`` is the share of its network, which it holds as long as it is held itself.
    """

    def __init__(
        self, most: int, network: asyncio.Semaphore | None = None, per_second: int = 1_000_000
    ) -> None:
        self.network = network or asyncio.Semaphore(most)
        self._starts: deque[float] = deque(maxlen=per_second)
        self._ceiling = most
        self._limit = float(most)
        self._open = 0
        self._epoch = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def is_crowded(self) -> bool:
        """Whether anybody waits for a place."""
        return any(not turn.done() for turn in self._waiting)

    @asynccontextmanager
    async def place(self) -> AsyncIterator[int]:
        """A place for one connection, first come, first served; and the epoch it was given in."""
        if self._open >= int(self._limit) or self._waiting:
            await self._turn()
        else:
            self._open += 1
        try:
            yield self._epoch
        finally:
            self._open -= 1
            self._wake()

    async def pace(self) -> None:
        """Returns when another connection may begin: a second after the one ``per_second`` before it."""
        loop = asyncio.get_running_loop()
        now = start = loop.time()
        if len(self._starts) == self._starts.maxlen:
            start = max(now, self._starts[0] + 1.0)
        self._starts.append(start)
        # So that visits one after another share the rate: nobody else may hold this gate by then.
        loop.call_at(start + 1.0, _forget, self)
        if start > now:
            await asyncio.sleep(start - now)

    async def _turn(self) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._open -= 1
            self._wake()
            raise

    def trouble(self, epoch: int) -> None:
        """Halves the share, once for all connections of one epoch."""
        if epoch != self._epoch:
            return
        self._epoch += 1
        self._ceiling = max(1, int(self._limit) - 1)
        self._limit = max(1.0, self._limit / 2)

    def answered(self) -> None:
        """Gives a little back."""
        self._limit = min(float(self._ceiling), self._limit + _RECOVERY)
        self._wake()

    def _wake(self) -> None:
        """Gives free places to those who wait; each counts as open from here on."""
        while self._waiting and self._open < int(self._limit):
            turn = self._waiting.popleft()
            if not turn.done():
                self._open += 1
                turn.set_result(None)


class Politeness:
    """All limits of one process: addresses' gates, hosts' and networks' shares, the open connections, their rate."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self._most_per_address = limits.connections_per_address
        self._per_address_second = limits.connections_per_address_per_second
        self._most_per_host = limits.connections_per_host
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._host = asyncio.Semaphore(limits.connections_open)
        self._most_per_network = limits.connections_per_network
        self._networks: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._gates: WeakValueDictionary[str, AddressGate] = WeakValueDictionary()
        self._open = asyncio.Semaphore(limits.connections_open)
        # One waiter at a time and short periods: else it bursts a second's worth, and all poll.
        self._throttler = Throttler(
            max(1, limits.connections_per_second // _PERIODS_PER_SECOND),
            _PERIOD_SECONDS,
            retry_interval=0.005,
        )
        self._turn = asyncio.Lock()
        self._heavy = asyncio.Lock()

    def for_host(self, host: str) -> Politeness:
        """The same limits, and the share of a host name over all of its addresses; an address is its own."""
        if is_ip_address(host):
            return self
        share = self._hosts.get(host)
        if share is None:
            share = self._hosts[host] = asyncio.Semaphore(self._most_per_host)
        its_own = copy.copy(self)
        its_own._host = share
        return its_own

    def gate(self, address: str) -> AddressGate:
        """The gate that all visits to ``address`` share while any of them lasts."""
        gate = self._gates.get(address)
        if gate is None:
            gate = AddressGate(
                self._most_per_address, self._network(address), self._per_address_second
            )
            self._gates[address] = gate
        return gate

    def _network(self, address: str) -> asyncio.Semaphore:
        """The share of the /24, or at IPv6 the /48, that the address is in."""
        name = network_of(address)
        share = self._networks.get(name)
        if share is None:
            share = self._networks[name] = asyncio.Semaphore(self._most_per_network)
        return share

    @asynccontextmanager
    async def connection(self, gate: AddressGate) -> AsyncIterator[int]:
        """Permission to open one connection now; yields the gate's epoch."""
        async with gate.place() as epoch, self._host, gate.network, self._open:
            async with self._turn:
                await self._throttler.acquire()
            await gate.pace()
            yield epoch

    @asynccontextmanager
    async def turn_of_heavy(self, within_seconds: float) -> AsyncIterator[bool]:
        """A turn among all visits that are costly to this process: one question at a time.

        Yields false, and no turn, where none comes ``within_seconds``. Without turns a few costly visits side by
        side would leave the event loop no time for all others.
        """
        try:
            async with asyncio.timeout(max(0.0, within_seconds)):
                await self._heavy.acquire()
        except TimeoutError:
            yield False
            return
        try:
            yield True
        finally:
            self._heavy.release()


def _forget(_: AddressGate) -> None:
    """The timer that called held the gate until now; that was all."""


def network_of(address: str) -> str:
    """The network whose connections are counted together."""
    plain = ipaddress.ip_address(address.partition("%")[0])
    length = _PREFIX_LENGTHS[plain.version]
    return str(ipaddress.ip_network((plain, length), strict=False))
